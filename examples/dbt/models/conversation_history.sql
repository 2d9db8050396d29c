select
    one.id,
    cast(coalesce(nullif(one.admin_assignee_id, 0), nullif(one.team_assignee_id, 0)) as text) as assignee_id,
    case
        when one.admin_assignee_id <> 0 then 'admin'
        when one.team_assignee_id <> 0 then 'team'
    end as assignee_type,
    cast({{ json_text('one.conversation_rating', 'rating') }} as integer) as conversation_rating_value,
    {{ json_text('one.conversation_rating', 'remark') }} as conversation_rating_remark,
    {{ utc("cast(" ~ json_text('one.first_contact_reply', 'created_at') ~ " as bigint)") }} as first_contact_reply_created_at,
    {{ json_text('one.first_contact_reply', 'type') }} as first_contact_reply_type,
    one.read,
    {{ json_text('one.sla_applied', 'sla_name') }} as sla_name,
    {{ json_text('one.sla_applied', 'sla_status') }} as sla_status,
    {{ utc('one.snoozed_until') }} as snoozed_until,
    {{ utc('one.waiting_since') }} as waiting_since,
    coalesce(merged.new_id, {{ json_text('one.source', 'author', 'id') }}) as source_author_id,
    {{ json_text('one.source', 'author', 'type') }} as source_author_type,
    {{ json_text('one.source', 'body') }} as source_body,
    {{ json_text('one.source', 'delivered_as') }} as source_delivered_as,
    {{ json_text('one.source', 'subject') }} as source_subject,
    {{ json_text('one.source', 'type') }} as source_type,
    one.state,
    {{ utc('one.created_at') }} as created_at,
    {{ utc('one.updated_at') }} as updated_at,
    {{ history_columns('one.is_there and deleted.id is null', 'one.updated_at', 'one') }}
from ({{ latest_rows('conversations', ['id'], 'updated_at') }}) as one
left join (
    select distinct id from {{ source('intercom_streams', 'conversations_deleted') }}
) as deleted on deleted.id = one.id
left join {{ ref('contact_now') }} as merged on merged.old_id = {{ json_text('one.source', 'author', 'id') }}
