"""What a token may be granted, in the words of Intercom's Developer Hub (docs/intercom-api.md#permission-names).

Of some permissions only the names in OAuth are known (docs/intercom-api.md#permission-stated). Their words are made
from those names.
"""

CONTACTS = "Read users and companies"
AUDIENCES = "Read audiences"
EVENTS = "Read events"
CONVERSATIONS = "Read conversations"
TICKETS = "Read tickets"
ADMINS = "Read admins"
BRANDS = "Read brands"
EMAILS = "Read emails"
OFFICE_HOURS = "Read and write office hours"
TAGS = "Read tags"
ACTIVITY_LOGS = "Read admin activity logs"
ARTICLES = "Read and list articles"
DYNAMIC_CONTENT = "Read dynamic content"
NEWS = "Read and list news items and newsfeeds"
DATA_CONNECTORS = "Read data connectors"
AI_CONTENT = "Read and write AI content"
SNIPPETS = "Read content snippets"
EXPORTS = "Export content data"
REPORTS = "Export reporting data"
REDIRECTS = "Read help center redirects"
CUSTOM_OBJECTS = "Read custom objects"
