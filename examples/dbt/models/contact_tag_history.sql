select
    link.contact_id,
    link.id as tag_id,
    {{ utc('link.contact_updated_at') }} as contact_updated_at,
    {{ history_columns('link.is_active', 'link.contact_updated_at', 'link') }}
from ({{ latest_links('contact_tags', 'contact_history', 'contact_id', 'contact_updated_at', 'tag') }}) as link
