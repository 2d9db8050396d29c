-- Conversations keep the id of a contact that was merged; here it is the contact that is left, once a conversation.
with links as (
    {{ latest_links('conversation_contacts', 'conversation_history', 'conversation_id', 'conversation_updated_at') }}
),

renamed as (
    select
        links.*,
        coalesce(merged.new_id, links.id) as contact_id
    from links
    left join {{ ref('contact_now') }} as merged on merged.old_id = links.id
),

numbered as (
    select
        renamed.*,
        row_number() over (
            partition by conversation_id, contact_id
            order by is_active desc, conversation_updated_at desc, synced_at desc, id
        ) as place
    from renamed
)

select
    link.conversation_id,
    link.contact_id,
    {{ utc('link.conversation_updated_at') }} as conversation_updated_at,
    {{ history_columns('link.is_active', 'link.conversation_updated_at', 'link') }}
from numbered as link
where link.place = 1
