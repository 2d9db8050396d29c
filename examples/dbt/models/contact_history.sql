select
    one.id,
    cast(one.owner_id as text) as admin_id,
    one.email,
    one.name,
    one.role,
    one.unsubscribed_from_emails,
    {{ utc('one.created_at') }} as created_at,
    {{ utc('one.updated_at') }} as updated_at,
    {{ utc('one.signed_up_at') }} as signed_up_at,
    {{ utc('one.last_contacted_at') }} as last_contacted_at,
    {{ utc('one.last_replied_at') }} as last_replied_at,
    {{ utc('one.last_email_clicked_at') }} as last_email_clicked_at,
    {{ utc('one.last_email_opened_at') }} as last_email_opened_at,
    {{ history_columns('one.is_there and merged.old_id is null', 'one.updated_at', 'one') }}
from ({{ latest_rows('contacts', ['id'], 'updated_at') }}) as one
left join {{ ref('contact_now') }} as merged on merged.old_id = one.id
