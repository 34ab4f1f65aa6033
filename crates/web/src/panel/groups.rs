//! SARE's groups by their names, as far as they are known at this moment: a page that only mentions a group does not
//! wait for SARE.

use std::time::Duration;

use sync_core::config::Config;

use super::session::Visit;
use crate::state::App;

/// How long a page waits for what is mostly in the cache already.
pub const GLANCE: Duration = Duration::from_millis(10);

/// Names by number.
pub struct GroupNames(Vec<(i64, String)>);

impl GroupNames {
    /// Those that the cache has. Where it has none, they are read in the background for the next page.
    pub async fn known(app: &App, visit: &Visit, config: &Config) -> Self {
        let account = app.cache.account(&app.engine, &visit.shop, config, GLANCE).await;
        let groups = account.known().and_then(|account| account.groups.clone());
        Self(groups.unwrap_or_default())
    }

    /// Those of an account whose groups were read.
    pub fn of(groups: Option<&[(i64, String)]>) -> Self {
        Self(groups.unwrap_or_default().to_vec())
    }

    /// A group's name with its number, or the number alone.
    pub fn one(&self, group: i64) -> String {
        match self.0.iter().find(|(id, _)| *id == group) {
            Some((_, name)) => format!("{name} ({group})"),
            None => group.to_string(),
        }
    }

    /// Several, one after the other.
    pub fn all(&self, groups: &[i64]) -> String {
        let names: Vec<String> = groups.iter().map(|group| self.one(*group)).collect();
        names.join(", ")
    }
}
