//! The keys of the ledger: what they are kept as, and the vault that they open. Each shop's own are in `shop_keys.rs`; how
//! all is sealed with a newer one, in `reencrypt.rs`.

use sqlx::Row;
use zeroize::Zeroizing;

use crate::connection_pool::ConnectionPool;
use crate::crypto::{ID, Keys, LEDGER, Place, Vault, derived};
use crate::dialect::Dialect;
use crate::error::Error;

/// Where a pass through the ledger stands: the shop, and the last contact looked at.
#[derive(Debug, Default)]
pub struct Pass {
    pub shop: i64,
    pub after: Vec<u8>,
    pub missed: bool,
}

/// The ledger's name for a key under which something may be sealed.
pub fn key_name(id: &[u8]) -> String {
    format!("key {}", hex::encode(id))
}

const HASH_KEY: &str = "hash key";

fn hash_key_place() -> Place<'static> {
    Place {
        shop: LEDGER,
        purpose: "ledger",
        row: HASH_KEY.as_bytes(),
    }
}

/// Where a shop's key is sealed, by the shop's number.
pub fn shop_key_place(row: &[u8; 8]) -> Place<'_> {
    Place {
        shop: LEDGER,
        purpose: "shop_keys.value",
        row,
    }
}

/// A key of exactly the length that keys have.
pub fn exactly(opened: &[u8]) -> Result<Zeroizing<[u8; 32]>, Error> {
    let mut key = Zeroizing::new([0; 32]);
    if opened.len() != key.len() {
        return Err(Error::Damaged("a key has another length".to_owned()));
    }
    key.copy_from_slice(opened);
    Ok(key)
}

/// A vault that opens what is the ledger's own, and makes nothing.
pub fn bare(keys: &Keys) -> Vault {
    Vault::new(keys, Zeroizing::new([0; 32]), Zeroizing::new([0; 32]))
}

/// That the keys open a ledger: those that anything is sealed with are given, and the key of hashes opens.
pub fn check_keys(keys: &Keys, sealed_with: &[Vec<u8>], hash_key: &[u8]) -> Result<(), Error> {
    let bare = bare(keys);
    if sealed_with.iter().any(|id| !bare.has(id)) {
        return Err(Error::WrongKeys);
    }
    bare.open(hash_key, hash_key_place()).map(|_| ())
}

/// The key of hashes outlives the keys of encryption: made once, kept encrypted, encrypted anew when a newer key comes.
/// The keys under which anything may be sealed are noted, and all of them must be given.
pub async fn open_vault(
    connections: &ConnectionPool,
    dialect: Dialect,
    keys: &Keys,
    entropy: [u8; 32],
) -> Result<Vault, Error> {
    let entropy = Zeroizing::new(entropy);
    let bare = bare(keys);
    let mut tx = connections.begin(dialect.begin()).await?;
    for row in sqlx::query("SELECT value FROM ledger WHERE name LIKE 'key %'")
        .fetch_all(&mut **tx)
        .await?
    {
        let id: Vec<u8> = row.try_get(0)?;
        if !bare.has(&id) {
            return Err(Error::WrongKeys);
        }
    }
    // Neither of the two can be worked out from the other: one is kept, and of the other come keys that can be destroyed.
    let (first, seed) = (
        derived(entropy.as_slice(), b"hash key of the ledger"),
        derived(entropy.as_slice(), b"keys of shops"),
    );
    let sealed = bare.seal(first.as_slice(), hash_key_place())?;
    sqlx::query("INSERT INTO ledger (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
        .bind(HASH_KEY)
        .bind(sealed)
        .execute(&mut **tx)
        .await?;
    let row = sqlx::query("SELECT value FROM ledger WHERE name = $1")
        .bind(HASH_KEY)
        .fetch_one(&mut **tx)
        .await?;
    let kept: Vec<u8> = row.try_get(0)?;
    let key = exactly(&bare.open(&kept, hash_key_place())?)?;
    if bare.is_old(&kept, LEDGER) {
        sqlx::query("UPDATE ledger SET value = $2 WHERE name = $1")
            .bind(HASH_KEY)
            .bind(bare.seal(key.as_slice(), hash_key_place())?)
            .execute(&mut **tx)
            .await?;
    }
    // What sealed the key of hashes until now sealed everything else.
    for id in [&kept[..ID], &bare.newest()] {
        sqlx::query("INSERT INTO ledger (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
            .bind(key_name(id))
            .bind(id)
            .execute(&mut **tx)
            .await?;
    }
    tx.commit().await?;
    Ok(Vault::new(keys, key, seed))
}
