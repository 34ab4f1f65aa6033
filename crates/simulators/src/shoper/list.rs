//! One page of a list: parameters, the way to its rows, and the envelope (shoper-api.md D.1, D.3).

use std::cmp::Ordering;

use super::filter::{self, Condition, Field, Op};
use super::json::Json;
use super::refusal::Refusal;
use super::rows::catalog::Catalog;
use super::rows::{Row, Shown};
use super::settings::{ChangeFilter, DefaultOrder, FilterMode, ListNumbers, PastEndPage};
use super::spoilt;
use super::table::Table;
use super::unsaid;

/// The largest `limit` that is obeyed; a larger one gives [`DEFAULT_LIMIT`] rows.
const MAX_LIMIT: usize = 50;
const DEFAULT_LIMIT: usize = 10;

/// What a list is asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ListQuery {
    page: usize,
    limit: usize,
    order: Vec<Order>,
    /// The filters.
    pub conditions: Vec<Condition>,
}

#[derive(Debug, Clone, PartialEq)]
struct Order {
    field: String,
    descending: bool,
}

/// Numbers about the page given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Listing {
    /// Rows in the whole list.
    pub count: usize,
    /// Pages in the whole list.
    pub pages: usize,
    /// This page.
    pub page: usize,
    /// Whether the numbers are told.
    pub is_told: bool,
}

impl ListQuery {
    /// Reads the parameters of a list.
    pub(super) fn parse(params: &[(String, String)]) -> Result<Self, Refusal> {
        let number = |name: &str| {
            let value = params.iter().rev().find(|(key, _)| key == name)?;
            value.1.trim().parse::<usize>().ok()
        };
        let limit = match number("limit") {
            Some(limit @ 1..=MAX_LIMIT) => limit,
            _ => DEFAULT_LIMIT,
        };
        let order = params
            .iter()
            .filter(|(key, value)| (key == "order" || key.starts_with("order[")) && !value.trim().is_empty())
            .map(|(_, value)| Order::parse(value))
            .collect();
        Ok(Self {
            page: number("page").unwrap_or(1).max(1),
            limit,
            order,
            conditions: filter::parse(params).ok_or(Refusal::Malformed("Filters are invalid"))?,
        })
    }

    /// Treats the conditions on some fields as the setting says.
    pub(super) fn restrict(&mut self, mode: FilterMode, on: impl Fn(&str) -> bool) -> Result<(), Refusal> {
        self.restrict_conditions(mode, |condition| on(&condition.field))
    }

    /// Treats some conditions as the setting says.
    pub(super) fn restrict_conditions(
        &mut self,
        mode: FilterMode,
        on: impl Fn(&Condition) -> bool,
    ) -> Result<(), Refusal> {
        if mode == FilterMode::Works || !self.conditions.iter().any(&on) {
            return Ok(());
        }
        match mode {
            FilterMode::Error404 => Err(Refusal::NotFound),
            FilterMode::Error400 => Err(Refusal::Malformed("Filter is not supported")),
            FilterMode::Works | FilterMode::Ignored => {
                self.conditions.retain(|condition| !on(condition));
                Ok(())
            }
        }
    }

    /// The condition that asks for `field` to be one of some values.
    pub(super) fn picking(&self, field: &str) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.picks(field))
    }
}

impl Order {
    /// Without a direction it is descending, as seen live.
    fn parse(text: &str) -> Self {
        let mut words = text.split_whitespace();
        let field = words.next().unwrap_or_default().to_owned();
        let descending = !words.next().is_some_and(|word| word.eq_ignore_ascii_case("asc"));
        Self { field, descending }
    }
}

/// Writes the page of `table` that the query asks for. `candidates` are ids found through an index,
/// ascending; without them the range of ids is searched.
pub(super) fn page<T: Row>(
    table: &Table<T>,
    candidates: Option<Vec<i64>>,
    mut query: ListQuery,
    shown: Shown<'_>,
) -> Result<(Vec<u8>, Listing, Vec<i64>), Refusal> {
    // Whichever resource has a time of change, it shows in no row.
    let known = |name: &str| {
        T::FIELDS.contains(&name.split('.').next().unwrap_or(name)) || T::CHANGES && name == "updated_at"
    };
    if T::CHANGES {
        let by_change = shown.settings.updated_at_filter;
        query.restrict(by_change.mode(), |field| field == "updated_at")?;
        if by_change == ChangeFilter::Nothing && query.conditions.iter().any(|c| c.field == "updated_at") {
            query.conditions.push(Condition::never(T::ID));
        }
    }
    query.restrict(shown.settings.unknown_field_filter, |field| !known(field))?;
    query.conditions.retain(|condition| known(&condition.field));
    if query.order.iter().any(|order| !known(&order.field)) {
        match shown.settings.unknown_field_filter {
            FilterMode::Error404 => return Err(Refusal::NotFound),
            FilterMode::Error400 => return Err(Refusal::Malformed("Order is not supported")),
            FilterMode::Works | FilterMode::Ignored => query.order.retain(|order| known(&order.field)),
        }
    }

    let found = Found::search(table, candidates, &query, shown);
    let count = found.len(table);
    let pages = count.div_ceil(query.limit);
    let mut page = query.page;
    if page > pages.max(1) {
        match shown.settings.past_end_page {
            PastEndPage::Empty => {}
            PastEndPage::LastPage => page = pages.max(1),
            PastEndPage::Error404 => return Err(Refusal::NotFound),
        }
    }
    let is_told = matches!(
        shown.settings.list_numbers,
        ListNumbers::Told | ListNumbers::OnePage
    );
    let pages = match shown.settings.list_numbers {
        ListNumbers::OnePage => 1,
        _ => pages,
    };
    let listing = Listing {
        count,
        pages,
        page,
        is_told,
    };
    let stuck = shown
        .settings
        .stuck_at_page
        .filter(|_| query.conditions.is_empty());
    let given = stuck.map_or(page, |stuck| page.min(stuck));
    let start = (given - 1).saturating_mul(query.limit);
    let rows = (start..start.saturating_add(query.limit).min(count)).filter_map(|at| found.nth(table, at));
    let ids: Vec<i64> = rows.collect();
    let rows = ids.iter().filter_map(|id| table.get(*id)).map(|row| &**row);
    Ok((envelope(listing, rows, shown), listing, ids))
}

fn envelope<'a, T: Row + 'a>(
    listing: Listing,
    rows: impl Iterator<Item = &'a T>,
    shown: Shown<'_>,
) -> Vec<u8> {
    let mut json = Json::new(shown.settings);
    json.object(None, |json| {
        match shown.settings.list_numbers {
            ListNumbers::Told | ListNumbers::OnePage => {
                json.id("count", listing.count as i64);
                json.number("pages", listing.pages as i64);
                json.number("page", listing.page as i64);
            }
            ListNumbers::Unreadable => {
                for name in ["count", "pages", "page"] {
                    json.text(name, "wiele");
                }
            }
            ListNumbers::Absent => {}
        }
        // An empty array stays one in PHP, whatever its keys would be.
        let mut rows = rows.peekable();
        if shown.settings.list_as_object && rows.peek().is_some() {
            json.object(Some("list"), |json| {
                for row in rows {
                    write(json, Some(&row.id().to_string()), row, &shown);
                }
            });
        } else {
            json.array(Some("list"), |json| {
                for row in rows {
                    write(json, None, row, &shown);
                }
            });
        }
    });
    json.into_bytes()
}

/// The object as REST shows it.
pub(super) fn object<T: Row>(row: &T, shown: Shown<'_>) -> Vec<u8> {
    let mut json = Json::new(shown.settings);
    write(&mut json, None, row, &shown);
    json.into_bytes()
}

/// Writes a row, odd members and all.
fn write<T: Row>(json: &mut Json, name: Option<&str>, row: &T, shown: &Shown<'_>) {
    let usual = || {
        let mut json = Json::new(shown.settings);
        json.object(None, |json| unsaid::write(row, json, shown));
        json.into_bytes()
    };
    match spoilt::odd_row(shown.settings, T::ID, row.id(), usual) {
        Some(odd) => json.raw_item(name, &odd),
        None => json.object(name, |json| unsaid::write(row, json, shown)),
    }
}

/// The rows that answer a query, in order.
enum Found {
    /// All rows of a range of ids: `skipped` rows stand before them.
    Range {
        skipped: usize,
        len: usize,
        descending: bool,
    },
    /// These.
    Ids(Vec<i64>),
}

impl Found {
    fn search<T: Row>(
        table: &Table<T>,
        candidates: Option<Vec<i64>>,
        query: &ListQuery,
        shown: Shown<'_>,
    ) -> Self {
        let (mut low, mut high) = (i64::MIN, i64::MAX);
        let mut rest = Vec::new();
        for condition in &query.conditions {
            if condition.field == T::ID && narrow(condition, &mut low, &mut high) {
                continue;
            }
            rest.push(condition);
        }
        let by_id = match query.order.first() {
            None => Some(shown.settings.default_order == DefaultOrder::Descending),
            Some(order) if order.field == T::ID => Some(order.descending),
            Some(_) => None,
        };
        if let (None, true, Some(descending)) = (&candidates, rest.is_empty(), by_id) {
            let skipped = table.rank(low.saturating_sub(1));
            let len = table.rank(high).saturating_sub(skipped);
            return Self::Range {
                skipped,
                len,
                descending,
            };
        }

        let matches = |row: &T| {
            (low..=high).contains(&row.id())
                && rest
                    .iter()
                    .all(|condition| condition.holds(&row.field(&condition.field, shown.catalog)))
        };
        let mut ids: Vec<i64> = match candidates {
            Some(ids) => ids
                .into_iter()
                .filter(|id| table.get(*id).is_some_and(|row| matches(row)))
                .collect(),
            None => table
                .range(low, high)
                .filter(|row| matches(row))
                .map(|row| row.id())
                .collect(),
        };
        match by_id {
            Some(true) => ids.reverse(),
            Some(false) => {}
            None => sort(table, &mut ids, &query.order, shown.catalog),
        }
        Self::Ids(ids)
    }

    fn len<T>(&self, _: &Table<T>) -> usize {
        match self {
            Self::Range { len, .. } => *len,
            Self::Ids(ids) => ids.len(),
        }
    }

    fn nth<T>(&self, table: &Table<T>, at: usize) -> Option<i64> {
        match self {
            Self::Range {
                skipped,
                len,
                descending,
            } => {
                let at = if *descending { len.checked_sub(at + 1)? } else { at };
                table.select(skipped + at)
            }
            Self::Ids(ids) => ids.get(at).copied(),
        }
    }
}

/// Turns a comparison of the id into a narrower range, where it is one.
fn narrow(condition: &Condition, low: &mut i64, high: &mut i64) -> bool {
    let ([operand], false) = (condition.operands.as_slice(), condition.negated) else {
        return false;
    };
    let Some(value) = operand.integer() else {
        return false;
    };
    match condition.op {
        Op::Greater => *low = (*low).max(value.saturating_add(1)),
        Op::GreaterOrEqual => *low = (*low).max(value),
        Op::Less => *high = (*high).min(value.saturating_sub(1)),
        Op::LessOrEqual => *high = (*high).min(value),
        Op::Equal | Op::In => {
            *low = (*low).max(value);
            *high = (*high).min(value);
        }
        Op::Like => return false,
    }
    true
}

#[derive(PartialEq, PartialOrd)]
enum SortKey {
    Nothing,
    Number(i64),
    Text(String),
}

fn sort<T: Row>(table: &Table<T>, ids: &mut Vec<i64>, order: &[Order], catalog: &Catalog) {
    let mut keyed: Vec<(Vec<SortKey>, i64)> = ids
        .drain(..)
        .filter_map(|id| {
            let row = table.get(id)?;
            let keys = order
                .iter()
                .map(|order| sort_key(&row.field(&order.field, catalog)))
                .collect();
            Some((keys, id))
        })
        .collect();
    keyed.sort_by(|(a, _), (b, _)| {
        for ((a, b), order) in a.iter().zip(b).zip(order) {
            let ordering = a.partial_cmp(b).unwrap_or(Ordering::Equal);
            let ordering = if order.descending {
                ordering.reverse()
            } else {
                ordering
            };
            if ordering.is_ne() {
                return ordering;
            }
        }
        Ordering::Equal
    });
    ids.extend(keyed.into_iter().map(|(_, id)| id));
}

fn sort_key(field: &Field<'_>) -> SortKey {
    match field {
        Field::Null | Field::Texts(_) | Field::Numbers(_) => SortKey::Nothing,
        Field::Number(value) | Field::Hundredths(value) => SortKey::Number(*value),
        Field::Flag(value) => SortKey::Number(i64::from(*value)),
        Field::Date(value) => SortKey::Number(value.unwrap_or(i64::MIN)),
        Field::Text(text) => SortKey::Text(text.to_lowercase()),
    }
}
