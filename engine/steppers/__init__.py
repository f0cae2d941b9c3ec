"""Two steppers, one arithmetic: ``reference`` is the specification, ``compiled`` the fast twin."""
