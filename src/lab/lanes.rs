//! The laboratory's workers: slices at work at the same time, each taken as far as it goes before another has its turn.
//!
//! Which of two answers of the ledger comes first is chance. So nothing else goes on while one slice waits for the ledger,
//! and the same seed gives the same history; all of them wait for services at the same time.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;
use tokio::sync::Notify;

type Work<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Lanes at work.
#[derive(Default)]
pub struct Lanes<'a> {
    begun: Mutex<Vec<Work<'a>>>,
    under_way: AtomicUsize,
    /// Told whenever there may be something new to begin.
    pub news: Arc<Notify>,
}

impl<'a> Lanes<'a> {
    /// Begins another.
    pub fn begin(&self, work: impl Future<Output = ()> + 'a) {
        self.under_way.fetch_add(1, Ordering::SeqCst);
        lock(&self.begun).push(Box::pin(work));
    }

    /// Does something beside the lanes, after each step of which there may be something new to begin.
    pub fn beside(&self, work: impl Future<Output = ()> + 'a) {
        let (mut work, news) = (Box::pin(work), Arc::clone(&self.news));
        self.begin(std::future::poll_fn(move |context| {
            let done = work.as_mut().poll(context);
            news.notify_one();
            done
        }));
    }

    /// How many are under way.
    pub fn under_way(&self) -> usize {
        self.under_way.load(Ordering::SeqCst)
    }

    /// Does `lead`, which begins lanes, and the lanes that it begins, until all are done. `is_idle` says whether the ledger
    /// has nothing to do at the moment.
    pub async fn work<'l>(&'l self, lead: impl Future<Output = ()> + 'l, is_idle: impl Fn() -> bool)
    where
        'a: 'l,
    {
        const LEAD: usize = 0;
        let turns = Arc::new(Turns::default());
        let mut all: BTreeMap<usize, Work<'l>> = BTreeMap::from([(LEAD, Box::pin(lead) as Work<'l>)]);
        let mut last = LEAD;
        turns.want(LEAD);
        std::future::poll_fn(|context| {
            turns.waker.register(context.waker());
            while !all.is_empty() {
                let only = (!is_idle()).then_some(last);
                let Some(number) = turns.take(only) else {
                    return Poll::Pending;
                };
                let Some(work) = all.get_mut(&number) else {
                    continue;
                };
                last = number;
                let waker = Waker::from(Arc::new(Turn {
                    number,
                    turns: Arc::clone(&turns),
                }));
                if work.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
                    all.remove(&number);
                    if number != LEAD {
                        self.under_way.fetch_sub(1, Ordering::SeqCst);
                        self.news.notify_one();
                    }
                }
                for work in std::mem::take(&mut *lock(&self.begun)) {
                    let number = turns.new_number();
                    all.insert(number, work);
                    turns.want(number);
                }
            }
            Poll::Ready(())
        })
        .await;
    }
}

/// Who has something to do.
#[derive(Default)]
struct Turns {
    wanted: Mutex<BTreeSet<usize>>,
    numbers: AtomicUsize,
    waker: AtomicWaker,
}

impl Turns {
    fn new_number(&self) -> usize {
        self.numbers.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn want(&self, number: usize) {
        lock(&self.wanted).insert(number);
        self.waker.wake();
    }

    /// Whose turn it is: the first who wants one, or only this one.
    fn take(&self, only: Option<usize>) -> Option<usize> {
        let mut wanted = lock(&self.wanted);
        match only {
            Some(number) => wanted.take(&number),
            None => wanted.pop_first(),
        }
    }
}

struct Turn {
    number: usize,
    turns: Arc<Turns>,
}

impl Wake for Turn {
    fn wake(self: Arc<Self>) {
        self.turns.want(self.number);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
