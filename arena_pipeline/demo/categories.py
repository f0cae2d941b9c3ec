"""Category paths guessed from item names. Generated: the source names no categories; the first rule that fits wins."""

import re

OTHER = "Home Decoration/Other"

_RULES: tuple[tuple[str, str], ...] = (
    (r"CHRISTMAS CARD|XMAS CARD|ADVENT", "Christmas/Cards & Calendars"),
    (r"GIFT WRAP.*CHRISTMAS|CHRISTMAS.*(WRAP|RIBBON|TAG|TISSUE|GIFT)", "Christmas/Gift Wrap"),
    (r"CHRISTMAS|XMAS|SANTA|REINDEER|SNOW|BAUBLE|NATIVITY|RUDOLPH|ADVENT|NOEL|STOCKING", "Christmas/Decorations"),
    (r"\bEASTER\b|\bBUNNY\b.*\b(EGG|DECORATION)|\bEGGS?\b.*\bPAINTED", "Seasonal/Easter"),
    (r"LUNCH ?(BAG|BOX)|COOL ?BAG|SNACK BOX|FOOD COVER|PICNIC", "Kitchen/Lunch & Picnic"),
    (r"HOT WATER BOTTLE|HOTTIE|HAND WARMER|HEAT PACK", "Bathroom & Wellness/Warmers"),
    (r"LUGGAGE|SUITCASE|PASSPORT|TRAVEL", "Bags/Travel"),
    (r"SHOPPER|JUMBO BAG|\bTOTE|CARRIER|\bBAGS?\b(?!.*(GIFT|PARTY))", "Bags/Shoppers"),
    (r"PURSE|WALLET|HANDBAG|RUCKSACK|BACKPACK|UMBRELLA|KEY.?RING|PHONE CHAR", "Bags/Purses & Accessories"),
    (
        r"NECKL|BRACELET|EARRING|\bRING\b|BANGLE|BROOCH|PENDANT|CHARM|\bHAIR|DIAMANTE|BEAD|TIARA",
        "Jewellery/Fashion Jewellery",
    ),
    (
        r"FAIRY LIGHT|\bLIGHTS?\b(?! ?HOLDER)(?<!T-LIGHT)(?<!TEALIGHT)|LAMP|LANTERN|\bTORCH|CHANDELIER",
        "Candles & Lights/Lights",
    ),
    (r"T.?LIGHT|TEA.?LIGHT|CANDLE|INCENSE|OIL BURNER|VOTIVE|SCENTED|AROMA", "Candles & Lights/Candles & Holders"),
    (r"CAKE|BAKING|COOKIE|JELLY MOULD|CASES|MUFFIN|RECIPE|MEASURING|ROLLING PIN|\bSCALES", "Kitchen/Baking"),
    (r"\bMUG|\bCUPS?\b|TEA ?(POT|CUP|SET|COSY)|SAUCER|COFFEE|\bJUG|GLASS(ES)?$|TUMBLER|BEAKER", "Kitchen/Cups & Tea"),
    (r"BOWL|PLATE|DISH|CUTLERY|TRAY|PLACE ?MAT|COASTER|EGG ?CUP|NAPKIN(?!S)|BREAKFAST", "Kitchen/Tableware"),
    (
        r"APRON|OVEN GLOVE|TEA TOWEL|KITCHEN|PANTRY|\bJAM\b|\bJARS?\b|BREAD|BUTTER|SPOON|\bPAN\b|TIN OPENER",
        "Kitchen/Utensils",
    ),
    (r"BATH|SOAP|TOWEL|FLANNEL|TISSUES|SHOWER|BALM|MASSAGE|FIRST AID|COSMETIC|WASH", "Bathroom & Wellness/Bathroom"),
    (
        r"GARDEN|PLANT|WATERING|\bBIRD ?(HOUSE|TABLE|FEEDER)|PARASOL|\bPOTS?\b|BUCKET|SPADE|WINDMILL|TRELLIS",
        "Garden/Garden",
    ),
    (r"JIGSAW|PUZZLE|GAME|DOMINO|PLAYING CARDS|SNAKES|SKITTLES|SKIPPING|\bDICE|CHESS|LUDO", "Toys/Games"),
    (
        r"DOLL|TOY|SOFT|RATTLE|PUPPET|MAGIC|CHILD|BABY|SPACEBOY|DINOSAUR|CIRCUS|GLIDERS|BABUSHKA|ROBOT|TEDDY",
        "Toys/Children",
    ),
    (
        r"BUNTING|BALLOON|PARTY|PAPER (CUPS|PLATES|CHAIN)|NAPKINS|DOIL|BIRTHDAY|CONFETTI|STRAWS|COCKTAIL",
        "Party & Gift Wrap/Party",
    ),
    (r"WRAP|GIFT (BAG|BOX|TAPE|TAG)|RIBBON|TAPE|\bTAGS?\b|TISSUE|STRING", "Party & Gift Wrap/Gift Wrap"),
    (
        r"\bCARDS?\b|POSTCARD|ENVELOPE|LETTER|STATIONERY|NOTEBOOK|NOTE ?PAD|DIARY|JOURNAL|SKETCHBOOK",
        "Stationery & Craft/Paper",
    ),
    (r"\bPENS?\b|PENCIL|ERASER|RUBBER|STICKER|STAMP|CHALK|CRAYON|MAGNET|CLIP|SCISSOR", "Stationery & Craft/Desk"),
    (r"FELT ?CRAFT|KNITTING|SEWING|CRAFT|KIT\b|BUTTON|CROCHET|PATCH|FOLKART", "Stationery & Craft/Craft"),
    (r"CUSHION|THROW|QUILT|RUG\b|BLANKET|CURTAIN|TABLE ?CLOTH|DOORMAT|\bMATS?\b|FELT\b", "Textiles/Soft Furnishing"),
    (
        r"STORAGE|\bBOX(ES)?\b|\bTINS?\b|BASKET|DRAWER|CABINET|RACK|HOOK|HANGER|HANGING (ORG|POCK)|TIDY|SHELF|\bKNOB",
        "Storage/Storage",
    ),
    (r"CLOCK|ALARM|TIMER", "Clocks & Signs/Clocks"),
    (r"\bSIGN|NUMBER|DOOR ?(STOP|BELL|KNOB)|CHALKBOARD|BLACKBOARD|\bTILE|PLAQUE", "Clocks & Signs/Signs"),
    (r"FRAME|MIRROR|PICTURE|PHOTO|\bART\b|CANVAS|WALL", "Home Decoration/Walls"),
    (r"FLOWER|WREATH|GARLAND|HEART|DECORATION|ORNAMENT|VASE|FEATHER|TREE|STAR", "Home Decoration/Ornaments"),
)
FIRST_LEVELS = tuple(sorted({path.split("/")[0] for path in (OTHER, *(rule[1] for rule in _RULES))}))
_COMPILED = tuple((re.compile(pattern), path) for pattern, path in _RULES)


def category_path(name: str) -> str:
    """Two-level category path of an item name."""
    upper = name.upper()
    return next((path for pattern, path in _COMPILED if pattern.search(upper)), OTHER)
