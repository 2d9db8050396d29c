select
    link.conversation_id,
    link.id as tag_id,
    {{ utc('link.conversation_updated_at') }} as conversation_updated_at,
    {{ history_columns('link.is_active', 'link.conversation_updated_at', 'link') }}
from ({{ latest_links('conversation_tags', 'conversation_history', 'conversation_id', 'conversation_updated_at', 'tag') }}) as link
