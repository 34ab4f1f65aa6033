//! The connections: opened, counted while in use, and given up when something went wrong on them.
//!
//! SQLite ends a transaction by itself when the disk is full or fails (<https://sqlite.org/lang_transaction.html>), and the
//! rollback that follows then finds none: the driver goes on counting a transaction that is over, and nothing can begin on
//! that connection any more. So no connection is used again that still counts one: it is closed, and a new one opened.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, StreamExt as _};
use sqlx::any::{AnyPoolOptions, AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo};
use sqlx::{Any, AnyConnection, Connection as _, Either, Execute, Executor, Pool, SqlStr, Transaction};

use crate::dialect::{Connection, Dialect};
use crate::error::Error;
use crate::open_file;

/// Connections, counted while somebody uses one or waits for one.
#[derive(Debug, Clone)]
pub struct ConnectionPool {
    pool: Pool<Any>,
    users: Arc<AtomicUsize>,
}

/// One who uses a connection, or waits for one.
#[derive(Debug)]
pub struct User(Arc<AtomicUsize>);

impl Drop for User {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl ConnectionPool {
    /// Counts one more.
    fn enter(&self) -> User {
        self.users.fetch_add(1, Ordering::SeqCst);
        User(Arc::clone(&self.users))
    }

    /// Whether nobody uses a connection of this ledger.
    pub fn is_idle(&self) -> bool {
        self.users.load(Ordering::SeqCst) == 0
    }

    /// Begins a transaction by this statement.
    pub async fn begin(&self, statement: &'static str) -> Result<Tx, sqlx::Error> {
        let user = self.enter();
        let transaction = self.pool.begin_with(statement).await?;
        Ok(Tx {
            transaction,
            _user: user,
        })
    }

    /// The connections behind it, for what happens while nobody works.
    pub fn pool(&self) -> &Pool<Any> {
        &self.pool
    }
}

/// A transaction.
pub struct Tx {
    transaction: Transaction<'static, Any>,
    _user: User,
}

impl Tx {
    /// Ends it so that what it wrote holds.
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        self.transaction.commit().await
    }
}

impl Deref for Tx {
    type Target = Transaction<'static, Any>;

    fn deref(&self) -> &Self::Target {
        &self.transaction
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.transaction
    }
}

impl<'p> Executor<'p> for &'p ConnectionPool {
    type Database = Any;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, Result<Either<AnyQueryResult, AnyRow>, sqlx::Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Any>,
    {
        let user = self.enter();
        self.pool
            .fetch_many(query)
            .inspect(move |_| {
                let _ = &user;
            })
            .boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<AnyRow>, sqlx::Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Any>,
    {
        let user = self.enter();
        let row = self.pool.fetch_optional(query);
        Box::pin(async move {
            let _user = user;
            row.await
        })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [AnyTypeInfo],
    ) -> BoxFuture<'e, Result<AnyStatement, sqlx::Error>>
    where
        'p: 'e,
    {
        self.pool.prepare_with(sql, parameters)
    }
}

/// How long somebody waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(10);

/// Opens the connections that read and those that write; on PostgreSQL they are the same.
pub async fn open(url: &str, dialect: Dialect) -> Result<(ConnectionPool, ConnectionPool), Error> {
    sqlx::any::install_default_drivers();
    let url = match dialect {
        Dialect::Sqlite if !url.contains("mode=") => {
            format!("{url}{}mode=rwc", if url.contains('?') { '&' } else { '?' })
        }
        _ => url.to_owned(),
    };
    if dialect == Dialect::Sqlite {
        open_file::make_private(&url);
        try_once(&url, dialect).await?;
    }
    // SQLite has one writer: queueing for it here is fair, waiting for its lock would not be.
    let (writers, readers) = if dialect == Dialect::Sqlite {
        (1, 4)
    } else {
        (20, 0)
    };
    let writes = options(dialect, Connection::Writer)
        .max_connections(writers)
        .connect(&url)
        .await?;
    let reads = if readers == 0 {
        writes.clone()
    } else {
        options(dialect, Connection::Reader)
            .max_connections(readers)
            .connect(&url)
            .await?
    };
    let users = Arc::new(AtomicUsize::new(0));
    let counted = |pool| ConnectionPool {
        pool,
        users: Arc::clone(&users),
    };
    Ok((counted(reads), counted(writes)))
}

fn options(dialect: Dialect, role: Connection) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .acquire_timeout(ACQUIRE)
        // A file does not go away; asking each time whether it is still there costs more than most queries.
        .test_before_acquire(dialect == Dialect::Postgres)
        .before_acquire(|connection, _| {
            let is_free = !connection.is_in_transaction();
            if !is_free {
                tracing::warn!("a connection to the ledger is given up: a transaction on it went wrong");
            }
            Box::pin(std::future::ready(Ok(is_free)))
        })
        .after_connect(move |connection, _| {
            Box::pin(async move {
                connection
                    .execute(sqlx::raw_sql(dialect.greeting(role)))
                    .await
                    .map(|_| ())
            })
        })
}

/// Opens the file once outside of the pool, which would try again and again and then only say that it took too long.
async fn try_once(url: &str, dialect: Dialect) -> Result<(), Error> {
    let mut connection = AnyConnection::connect(url).await?;
    let greeted = connection
        .execute(sqlx::raw_sql(dialect.greeting(Connection::Writer)))
        .await;
    let read = match greeted {
        Ok(_) => connection
            .fetch_one("SELECT COUNT(*) FROM sqlite_master")
            .await
            .map(|_| ()),
        Err(error) => Err(error),
    };
    let _ = connection.close().await;
    Ok(read?)
}
