-- For each contact that was merged into another one, the contact that is left at the end of the chain.
with recursive merges as (
    select distinct
        source_contact_id as old_id,
        contact_id as new_id
    from {{ source('intercom_streams', 'contact_merge_history') }}
    where source_contact_id <> contact_id
),

chain as (
    select old_id, new_id, 1 as steps
    from merges
    union all
    select chain.old_id, merges.new_id, chain.steps + 1
    from chain
    inner join merges on merges.old_id = chain.new_id
    where chain.steps < 100
),

numbered as (
    select
        old_id,
        new_id,
        row_number() over (partition by old_id order by steps desc, new_id) as place
    from chain
)

select
    old_id,
    new_id
from numbered
where place = 1
