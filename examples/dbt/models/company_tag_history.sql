select
    link.company_id,
    link.id as tag_id,
    {{ utc('link.company_updated_at') }} as company_updated_at,
    {{ history_columns('link.is_active', 'link.company_updated_at', 'link') }}
from ({{ latest_links('company_tags', 'company_history', 'company_id', 'company_updated_at', 'tag') }}) as link
