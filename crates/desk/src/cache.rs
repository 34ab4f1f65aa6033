//! What was read from the services a moment ago, kept in memory for a while: bounded in number and in age, and read
//! once however many ask for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ports::Millis;
use tokio::sync::watch;

/// Things of one kind kept at a time; the one asked for longest ago goes first.
const MOST: usize = 32;

/// How long anything is kept.
pub(crate) const CACHED_MS: Millis = 600_000;

/// What can be cached.
pub trait Cacheable: Clone + Send + Sync + 'static {
    /// How long it is good for, counted from when it began to be read.
    fn lasts(&self) -> Millis;
    /// Whether there is enough of it to be shown.
    fn is_ready(&self) -> bool;
}

/// Where a reading puts what it has so far.
pub type Slot<T> = Arc<watch::Sender<T>>;

struct Item<K, T> {
    key: K,
    since: Millis,
    slot: Slot<T>,
}

/// A cache by key.
pub struct Cache<K, T>(Arc<Mutex<Vec<Item<K, T>>>>);

impl<K, T> Clone for Cache<K, T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K, T> Default for Cache<K, T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: PartialEq + Send + 'static, T: Cacheable> Cache<K, T> {
    fn items(&self) -> MutexGuard<'_, Vec<Item<K, T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is kept under `key`; where there is nothing, `begin` starts reading it into a slot that holds `empty`.
    pub fn find(&self, key: K, now: Millis, empty: T, begin: impl FnOnce(Slot<T>)) -> Slot<T> {
        let mut items = self.items();
        // What is younger than now was read by a clock that was put back since.
        items.retain(|item| (0..item.slot.borrow().lasts()).contains(&(now - item.since)));
        if let Some(at) = items.iter().position(|item| item.key == key) {
            let item = items.remove(at);
            let slot = Arc::clone(&item.slot);
            items.push(item);
            return slot;
        }
        if items.len() >= MOST {
            items.remove(0);
        }
        let slot = Arc::new(watch::channel(empty).0);
        items.push(Item {
            key,
            since: now,
            slot: Arc::clone(&slot),
        });
        drop(items);
        begin(Arc::clone(&slot));
        slot
    }

    /// Forgets what is kept under these keys.
    pub fn forget(&self, which: impl Fn(&K) -> bool) {
        self.items().retain(|item| !which(&item.key));
    }

    /// Forgets what is kept under these keys and began to be read before `before`, or at that moment.
    pub fn forget_older(&self, which: impl Fn(&K) -> bool, before: Millis) {
        self.items()
            .retain(|item| item.since > before || !which(&item.key));
    }

    /// Forgets this very thing after `time`, asked for or not.
    pub fn forget_after(&self, slot: &Slot<T>, time: Duration) {
        let (cache, slot) = (Arc::downgrade(&self.0), Arc::downgrade(slot));
        tokio::spawn(async move {
            tokio::time::sleep(time).await;
            if let (Some(items), Some(slot)) = (cache.upgrade(), slot.upgrade()) {
                let mut items = items.lock().unwrap_or_else(PoisonError::into_inner);
                items.retain(|item| !Arc::ptr_eq(&item.slot, &slot));
            }
        });
    }

    /// Things kept now.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.items().len()
    }
}

/// What a slot holds once it is ready, or else what it holds when patience ends.
pub async fn wait<T: Cacheable>(slot: &Slot<T>, patience: Duration) -> T {
    let mut receiver = slot.subscribe();
    let ready = tokio::time::timeout(patience, receiver.wait_for(T::is_ready)).await;
    drop(ready);
    slot.borrow().clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, PartialEq)]
    struct Thing(u32);

    impl Cacheable for Thing {
        fn lasts(&self) -> Millis {
            100
        }

        fn is_ready(&self) -> bool {
            self.0 > 0
        }
    }

    fn put(n: u32) -> impl FnOnce(Slot<Thing>) {
        move |slot| {
            slot.send_replace(Thing(n));
        }
    }

    #[test]
    fn a_thing_is_read_once_until_it_is_old() {
        let cache = Cache::default();
        let at = |now, n| cache.find(1, now, Thing(0), put(n)).borrow().clone();
        assert_eq!(at(0, 1), Thing(1));
        assert_eq!(at(99, 2), Thing(1));
        assert_eq!(at(100, 3), Thing(3));
    }

    #[test]
    fn the_one_asked_for_longest_ago_makes_room() {
        let cache = Cache::default();
        for key in 0..MOST {
            cache.find(key, 0, Thing(0), put(1));
        }
        cache.find(0, 1, Thing(0), put(2));
        cache.find(MOST, 1, Thing(0), put(3));
        assert_eq!(cache.len(), MOST);
        let again = |key| cache.find(key, 2, Thing(0), put(9)).borrow().clone();
        assert_eq!(again(0), Thing(1), "it was asked for just now");
        assert_eq!(again(1), Thing(9), "it had to go");
    }

    #[tokio::test]
    async fn a_thing_leaves_the_memory_though_nobody_asks() {
        let cache = Cache::default();
        let slot = cache.find(1, 0, Thing(0), put(1));
        cache.forget_after(&slot, Duration::from_millis(1));
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(cache.len(), 0);
    }

    #[tokio::test]
    async fn who_waits_gets_what_there_is() {
        let cache = Cache::default();
        let slot = cache.find(1, 0, Thing(0), |_| {});
        assert_eq!(wait(&slot, Duration::from_millis(1)).await, Thing(0));
        put(4)(Arc::clone(&slot));
        assert_eq!(wait(&slot, Duration::from_secs(5)).await, Thing(4));
    }
}
