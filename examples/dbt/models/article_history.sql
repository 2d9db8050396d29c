{# Not every workspace syncs them: they cost a request for each article. #}
{% set counts = source('intercom_streams', 'article_statistics') %}
{% set has_counts = load_relation(counts) is not none %}
select
    one.id,
    case when one.parent_type = 'collection' then one.parent_id end as collection_id,
    case when one.parent_type = 'section' then one.parent_id end as section_id,
    one.author_id,
    one.title,
    one.description,
    one.body,
    one.url,
    one.type,
    one.state,
    one.parent_type,
    one.default_locale,
    one.workspace_id,
    {% if has_counts %}
    counted.type as statistics_type,
    counted.views as statistics_views,
    coalesce(counted.conversations, counted.conversions) as statistics_conversations,
    counted.reactions as statistics_reactions,
    counted.happy_reaction_percentage as statistics_happy_reaction_percentage,
    counted.neutral_reaction_percentage as statistics_neutral_reaction_percentage,
    counted.sad_reaction_percentage as statistics_sad_reaction_percentage,
    {% else %}
    cast(null as text) as statistics_type,
    cast(null as bigint) as statistics_views,
    cast(null as bigint) as statistics_conversations,
    cast(null as bigint) as statistics_reactions,
    cast(null as numeric(38, 9)) as statistics_happy_reaction_percentage,
    cast(null as numeric(38, 9)) as statistics_neutral_reaction_percentage,
    cast(null as numeric(38, 9)) as statistics_sad_reaction_percentage,
    {% endif %}
    {{ utc('one.created_at') }} as created_at,
    {{ utc('one.updated_at') }} as updated_at,
    {{ history_columns('one.is_there', 'one.updated_at', 'one') }}
from ({{ latest_rows('articles', ['id'], 'updated_at') }}) as one
{% if has_counts %}
left join ({{ latest_rows('article_statistics', ['article_id'], 'counted_at') }}) as counted
    on counted.article_id = one.id
{% endif %}
