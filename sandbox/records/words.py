"""Words that records are made of, among them the awkward ones: accents, emoji, newlines, quotes, markup."""

FIRST_NAMES = ("Ada", "Bjørn", "Chiara", "Dmitri", "Esi", "Femke", "Goran", "Hana", "Iñigo", "Jun", "Kwame",
               "Lena", "Mårten", "Noor", "Olu", "Priya", "Quinn", "Rosa", "Şule", "Tama", "Uma", "Viktor",
               "Wei", "Ximena", "Yara", "Zoë")  # fmt: skip
LAST_NAMES = ("Abara", "Brandt", "Castillo", "Dubois", "Eriksen", "Fujita", "Garcia", "Haddad", "Ivanova",
              "Jensen", "Kowalski", "Lindqvist", "Moreau", "Nakamura", "O'Neill", "Petrov", "Quispe", "Rossi",
              "Santos", "Tanaka", "Ueda", "Vega", "Wójcik", "Xu", "Yilmaz", "Ziegler")  # fmt: skip
ODD_NAMES = ("李小龍", "محمد علي", "Zoë 🦊 Fox", "Line\nBreak", 'Quote "Q" Quist', "tab\there", "👩‍👩‍👧 Family",
             "<b>Bold</b> & Co", "back\\slash", "  spaced  ", "null", "e\u0301 combining")  # fmt: skip
COMPANY_WORDS = ("Northwind", "Harbour", "Lumen", "Quarry", "Saffron", "Tern", "Umbra", "Vesper", "Willow", "Zenith")
COMPANY_ENDS = ("Ltd", "GmbH", "AB", "S.p.A.", "LLC", "合同会社", "& Sons", "Co-op")
INDUSTRIES = ("Software", "Retail", "Shipping", "Education", "Health", "Energy")
PLANS = ("Free", "Starter", "Growth", "Enterprise")
CITIES = (("Dublin", "Leinster", "Ireland", "IRL", "EU"), ("Auckland", "Auckland", "New Zealand", "NZL", "OC"),
          ("São Paulo", "São Paulo", "Brazil", "BRA", "SA"), ("Austin", "Texas", "United States", "USA", "NA"),
          ("Kyoto", "Kyoto", "Japan", "JPN", "AS"), ("Lagos", "Lagos", "Nigeria", "NGA", "AF"))  # fmt: skip
BROWSERS = ("chrome", "firefox", "safari", "edge")
SYSTEMS = ("OS X 10.15.7", "Windows 10", "Linux x86_64", "iOS 17")
SENTENCES = (
    "I cannot log in since this morning.",
    "Could you tell me what the invoice of last month is for?",
    "Danke, das hat geholfen! 🎉",
    "We have seen this before; a fix is on its way.",
    "The export stops at ninety percent & then starts over.",
    "是的 问题已经解决了。",
    "Please find the log attached.",
    "Let me check with the team and come back to you.",
    "It works now, thank you!",
    "Is there a limit on the number of seats?",
)
SUBJECTS = ("Login", "Invoice", "Export", "Seats", "Webhook", "Feature request ✨")
TAG_NAMES = ("vip", "bug", "billing", "churn-risk", "beta ✅", "Grüße", "follow up", "enterprise")


def person(dice: bytes, at: int) -> str:
    """A name; one in sixteen is an odd one."""
    if dice[at] < 16:
        return ODD_NAMES[dice[at + 1] % len(ODD_NAMES)]
    return f"{FIRST_NAMES[dice[at + 1] % len(FIRST_NAMES)]} {LAST_NAMES[dice[at + 2] % len(LAST_NAMES)]}"


def text(dice: bytes, at: int) -> str:
    """A body in HTML of one to three sentences."""
    count = 1 + dice[at] % 3
    return "<p>" + " ".join(SENTENCES[dice[at + 1 + n] % len(SENTENCES)] for n in range(count)) + "</p>"
