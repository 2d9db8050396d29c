-- Only parts of conversations that are there: two models of dbt_intercom do not look at _fivetran_active here.
select
    one.id,
    one.conversation_id,
    one.part_type,
    one.body,
    coalesce(merged.new_id, {{ json_text('one.author', 'id') }}) as author_id,
    {{ json_text('one.author', 'type') }} as author_type,
    {{ json_text('one.assigned_to', 'id') }} as assigned_to_id,
    {{ json_text('one.assigned_to', 'type') }} as assigned_to_type,
    {{ utc('one.created_at') }} as created_at,
    {{ utc('one.updated_at') }} as updated_at,
    {{ utc('one.conversation_updated_at') }} as conversation_updated_at,
    {{ history_columns('true', 'one.conversation_updated_at', 'one') }}
from ({{ latest_rows('conversation_parts', ['id'], 'conversation_updated_at') }}) as one
inner join {{ ref('conversation_history') }} as conversation
    on conversation.id = one.conversation_id and conversation._fivetran_active
left join {{ ref('contact_now') }} as merged on merged.old_id = {{ json_text('one.author', 'id') }}
