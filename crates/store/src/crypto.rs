//! Encryption at rest, and the keyed hashes by which encrypted things are found.
//!
//! The operator's keys seal the ledger's own few values and the keys of the shops; a shop's key seals what is the shop's.
//! Shop, purpose and row are bound into what is sealed (crate `seal`), so that what is moved to another row does not open.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

pub use seal::ID;
use seal::{HEAD, Key, KeyedHash, Sealer};
use sync_core::ShopId;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::model::AddrHash;

/// Why keys cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    /// None given.
    #[error("there is no key")]
    None,
    /// One that is none.
    #[error("key {0} is not 64 hexadecimal digits; make one with `shoper-sare generate-key`")]
    Malformed(usize),
}

/// The keys for what is encrypted, newest first.
#[derive(Clone)]
pub struct Keys(Vec<Key>);

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({})", self.0.len())
    }
}

impl Keys {
    /// Reads keys of 64 hexadecimal digits, comma separated, newest first.
    ///
    /// # Errors
    /// None, or one that is not 64 hexadecimal digits; it is named by its place.
    pub fn parse(text: &str) -> Result<Self, KeysError> {
        let mut keys = Vec::new();
        for (place, part) in text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .enumerate()
        {
            let mut key = Zeroizing::new([0; 32]);
            hex::decode_to_slice(part, key.as_mut()).map_err(|_| KeysError::Malformed(place + 1))?;
            keys.push(key);
        }
        if keys.is_empty() {
            Err(KeysError::None)
        } else {
            Ok(Self(keys))
        }
    }
}

/// In the place of a shop where something is the ledger's own.
pub const LEDGER: ShopId = ShopId(0);

/// What a ciphertext is for; bound into it.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// Whose.
    pub shop: ShopId,
    /// Table and column.
    pub purpose: &'static str,
    /// Which row.
    pub row: &'a [u8],
}

impl Place<'_> {
    fn bytes(&self) -> Vec<u8> {
        let mut all = Vec::with_capacity(self.purpose.len() + self.row.len() + 17);
        all.extend_from_slice(&self.shop.0.to_be_bytes());
        all.extend_from_slice(&(self.purpose.len() as u64).to_be_bytes());
        all.extend_from_slice(self.purpose.as_bytes());
        all.extend_from_slice(self.row);
        all
    }
}

/// Encrypts, decrypts, and hashes. Copies share the shops' keys.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    ciphers: Vec<Sealer>,
    hash_key: Key,
    /// What new keys of shops come of; never kept anywhere.
    seed: Key,
    made: AtomicU64,
    shops: RwLock<HashMap<ShopId, Arc<ShopKeys>>>,
}

/// What belongs to a shop.
struct ShopKeys {
    /// `None` for a shop that is gone, or whose key does not open.
    cipher: Option<Sealer>,
    broken: bool,
    addresses: KeyedHash,
}

/// A secret that is worked out from another, which nobody can work out from it.
pub fn derived(from: &[u8], purpose: &[u8]) -> Key {
    KeyedHash::new(from).with(purpose).finish()
}

fn damaged() -> Error {
    Error::Damaged("a ciphertext does not belong where it stands".to_owned())
}

impl Vault {
    /// A vault with these keys and the ledger's own key for hashes; keys of new shops come of `seed`.
    pub fn new(keys: &Keys, hash_key: Key, seed: Key) -> Self {
        let ciphers = keys.0.iter().map(|key| Sealer::new(key)).collect();
        Self(Arc::new(Inner {
            ciphers,
            hash_key,
            seed,
            made: AtomicU64::new(0),
            shops: RwLock::default(),
        }))
    }

    /// A key for a shop, never made before.
    pub fn new_key(&self, shop: ShopId) -> Key {
        let number = self.0.made.fetch_add(1, Ordering::Relaxed);
        let purpose = [
            b"key of shop".as_slice(),
            &shop.0.to_be_bytes(),
            &number.to_be_bytes(),
        ];
        derived(self.0.seed.as_slice(), &purpose.concat())
    }

    /// Takes a shop's key; `own_hashes` where its addresses are hashed with a key that comes of it.
    pub fn learn(&self, shop: ShopId, key: &[u8; 32], own_hashes: bool) {
        let addresses = match own_hashes {
            true => KeyedHash::new(derived(key, b"addresses").as_slice()),
            false => self.older_addresses(shop),
        };
        self.keep(shop, Some(Sealer::new(key)), false, addresses);
    }

    /// A shop is gone and has no key any more. Ids are never given twice, so that this stays true.
    pub fn gone(&self, shop: ShopId) {
        self.without(shop, false);
    }

    /// A shop's key does not open: nothing of the shop can be sealed or opened.
    pub fn broken(&self, shop: ShopId) {
        self.without(shop, true);
    }

    fn without(&self, shop: ShopId, broken: bool) {
        // Matches nothing that is written anywhere, and no contact can be written with it.
        let addresses = KeyedHash::new(derived(self.0.seed.as_slice(), b"no addresses").as_slice());
        self.keep(shop, None, broken, addresses);
    }

    fn keep(&self, shop: ShopId, cipher: Option<Sealer>, broken: bool, addresses: KeyedHash) {
        let keys = Arc::new(ShopKeys {
            cipher,
            broken,
            addresses,
        });
        let mut shops = self.0.shops.write().unwrap_or_else(PoisonError::into_inner);
        shops.insert(shop, keys);
    }

    /// Forgets what was taken of a shop, as if it had never been heard of.
    pub fn forget(&self, shop: ShopId) {
        let mut shops = self.0.shops.write().unwrap_or_else(PoisonError::into_inner);
        shops.remove(&shop);
    }

    /// Whether the shop's key is here, or is known to be gone.
    pub fn knows(&self, shop: ShopId) -> bool {
        self.of_shop(shop).is_some()
    }

    fn of_shop(&self, shop: ShopId) -> Option<Arc<ShopKeys>> {
        let shops = self.0.shops.read().unwrap_or_else(PoisonError::into_inner);
        shops.get(&shop).cloned()
    }

    /// Encrypts: what is a shop's with the shop's key, the rest with the operator's newest.
    ///
    /// # Errors
    /// [`Error::NoSuchShop`] for a shop that is gone, [`Error::WrongKeys`] for one whose key does not open.
    pub fn seal(&self, plain: &[u8], place: Place<'_>) -> Result<Vec<u8>, Error> {
        if place.shop == LEDGER {
            let newest = self.0.ciphers.first().expect("there is a key");
            return Ok(newest.seal(plain, &place.bytes()));
        }
        let keys = self.of_shop(place.shop).ok_or(Error::NoSuchShop)?;
        match &keys.cipher {
            Some(cipher) => Ok(cipher.seal(plain, &place.bytes())),
            None if keys.broken => Err(Error::WrongKeys),
            None => Err(Error::NoSuchShop),
        }
    }

    /// Seals for a shop as before shops had keys.
    #[cfg(test)]
    pub fn seal_with_operators(&self, plain: &[u8], place: Place<'_>) -> Vec<u8> {
        self.0.ciphers[0].seal(plain, &place.bytes())
    }

    /// Decrypts what [`Vault::seal`] made for the same place, with the shop's key or any of the operator's: shops had none
    /// of their own once.
    pub fn open(&self, sealed: &[u8], place: Place<'_>) -> Result<Zeroizing<Vec<u8>>, Error> {
        if sealed.len() < HEAD {
            return Err(Error::Damaged("a ciphertext is too short".to_owned()));
        }
        if place.shop != LEDGER
            && let Some(keys) = self.of_shop(place.shop)
            && let Some(cipher) = keys.cipher.as_ref().filter(|cipher| cipher.has_sealed(sealed))
        {
            return cipher.open(sealed, &place.bytes()).ok_or_else(damaged);
        }
        let cipher = self.0.ciphers.iter().find(|cipher| cipher.has_sealed(sealed));
        let plain = cipher.ok_or(Error::WrongKeys)?.open(sealed, &place.bytes());
        plain.ok_or_else(damaged)
    }

    /// [`Vault::open`] for text.
    pub fn open_text(&self, sealed: &[u8], place: Place<'_>) -> Result<String, Error> {
        let plain = self.open(sealed, place)?;
        String::from_utf8(plain.to_vec())
            .map_err(|_| Error::Damaged("a decrypted text is no text".to_owned()))
    }

    /// The id of the newest key; ids say nothing about keys.
    pub fn newest(&self) -> [u8; ID] {
        self.0.ciphers.first().expect("there is a key").id()
    }

    /// Whether a key of this id was given.
    pub fn has(&self, id: &[u8]) -> bool {
        self.0.ciphers.iter().any(|cipher| cipher.id() == id)
    }

    /// Whether it was sealed with another key than it would be now.
    pub fn is_old(&self, sealed: &[u8], shop: ShopId) -> bool {
        if shop == LEDGER {
            return !sealed.starts_with(&self.newest());
        }
        self.of_shop(shop)
            .and_then(|keys| keys.cipher.as_ref().map(|cipher| !cipher.has_sealed(sealed)))
            .unwrap_or(false)
    }

    /// The keyed hash of an address. Each shop has a key of its own, so that ledgers cannot be joined.
    ///
    /// # Panics
    /// For a shop whose key is not here: whoever learns of a shop takes its key first, and a hash with any other key would
    /// make a stranger of somebody who refused.
    pub fn address(&self, shop: ShopId, key: &str) -> AddrHash {
        let keys = self.of_shop(shop).expect("whoever knows a shop has its key");
        let hash = keys.addresses.clone().with(key.as_bytes()).finish();
        let mut out = [0; 16];
        out.copy_from_slice(&hash[..16]);
        AddrHash(out)
    }

    /// The keyed hash of a part of an address, short: many addresses share it.
    ///
    /// # Panics
    /// As [`Vault::address`].
    pub fn part_of_address(&self, shop: ShopId, purpose: &[u8], part: &str) -> i64 {
        let keys = self.of_shop(shop).expect("whoever knows a shop has its key");
        let hash = keys
            .addresses
            .clone()
            .with(purpose)
            .with(part.as_bytes())
            .finish();
        let mut out = [0; 8];
        out.copy_from_slice(&hash[..8]);
        i64::from_be_bytes(out)
    }

    /// The hashes of a shop that was known before shops had keys of their own.
    fn older_addresses(&self, shop: ShopId) -> KeyedHash {
        let purpose = [b"addresses of shop".as_slice(), &shop.0.to_be_bytes()];
        KeyedHash::new(derived(self.0.hash_key.as_slice(), &purpose.concat()).as_slice())
    }

    /// The keyed hash of a token, by which it is found.
    pub fn token(&self, token: &str) -> Vec<u8> {
        let hash = KeyedHash::new(self.0.hash_key.as_slice());
        hash.with(b"token").with(token.as_bytes()).finish().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(keys: &str) -> Vault {
        Vault::new(
            &Keys::parse(keys).unwrap(),
            Zeroizing::new([9; 32]),
            Zeroizing::new([8; 32]),
        )
    }

    const KEY: [u8; 32] = [3; 32];

    fn with_shops(keys: &str) -> Vault {
        let vault = vault(keys);
        vault.learn(ShopId(1), &KEY, true);
        vault.learn(ShopId(2), &[4; 32], true);
        vault
    }

    fn place(shop: i64, row: &[u8]) -> Place<'_> {
        Place {
            shop: ShopId(shop),
            purpose: "test",
            row,
        }
    }

    #[test]
    fn keys_that_are_none_are_named_by_their_place() {
        assert_eq!(Keys::parse(" , ").unwrap_err(), KeysError::None);
        let good = "ab".repeat(32);
        assert_eq!(
            Keys::parse(&format!("{good},short")).unwrap_err(),
            KeysError::Malformed(2)
        );
        assert_eq!(format!("{:?}", Keys::parse(&good).unwrap()), "Keys(1)");
    }

    #[test]
    fn what_is_the_ledgers_opens_with_the_operators_key_alone() {
        let (old, new) = ("01".repeat(32), "02".repeat(32));
        let sealed = vault(&old).seal(b"text", place(0, b"row")).unwrap();
        assert_eq!(
            vault(&old).open(&sealed, place(0, b"row")).unwrap().as_slice(),
            b"text"
        );
        assert!(matches!(
            vault(&new).open(&sealed, place(0, b"row")),
            Err(Error::WrongKeys)
        ));
        let both = vault(&format!("{new},{old}"));
        assert_eq!(both.open(&sealed, place(0, b"row")).unwrap().as_slice(), b"text");
        assert!(both.is_old(&sealed, LEDGER));
        assert!(!both.is_old(&both.seal(b"text", place(0, b"row")).unwrap(), LEDGER));
        assert!(!sealed.windows(4).any(|part| part == b"text"));
    }

    #[test]
    fn what_is_a_shops_opens_in_its_place_alone_and_with_the_shops_key_alone() {
        let keys = "01".repeat(32);
        let vault = with_shops(&keys);
        let sealed = vault.seal(b"text", place(1, b"row")).unwrap();
        assert_eq!(vault.open(&sealed, place(1, b"row")).unwrap().as_slice(), b"text");
        assert!(matches!(
            vault.open(&sealed, place(1, b"other")),
            Err(Error::Damaged(_))
        ));
        assert!(matches!(
            vault.open(&sealed, place(2, b"row")),
            Err(Error::WrongKeys)
        ));
        // The operator's key does not help without the shop's.
        vault.gone(ShopId(1));
        assert!(matches!(
            vault.open(&sealed, place(1, b"row")),
            Err(Error::WrongKeys)
        ));
        assert!(matches!(
            vault.seal(b"text", place(1, b"row")),
            Err(Error::NoSuchShop)
        ));
        assert!(!sealed.windows(4).any(|part| part == b"text"));
    }

    #[test]
    fn what_the_operators_key_sealed_for_a_shop_still_opens_and_is_old() {
        let keys = "01".repeat(32);
        let sealed = vault(&keys).seal_with_operators(b"text", place(1, b"row"));
        let vault = with_shops(&keys);
        assert_eq!(vault.open(&sealed, place(1, b"row")).unwrap().as_slice(), b"text");
        assert!(vault.is_old(&sealed, ShopId(1)));
        assert!(!vault.is_old(&vault.seal(b"text", place(1, b"row")).unwrap(), ShopId(1)));
    }

    #[test]
    fn keys_of_shops_differ_and_do_not_come_of_what_is_kept() {
        let vault = vault(&"01".repeat(32));
        let keys = [ShopId(1), ShopId(1), ShopId(2)].map(|shop| *vault.new_key(shop));
        assert!(keys[0] != keys[1] && keys[0] != keys[2] && keys[1] != keys[2]);
    }

    #[test]
    fn one_address_has_another_hash_in_another_shop() {
        let vault = with_shops(&"01".repeat(32));
        let of = |shop| vault.address(ShopId(shop), "a@b.pl");
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
        let own = of(1);
        vault.learn(ShopId(1), &KEY, false);
        assert_ne!(of(1), own, "a shop of before has the ledger's");
        vault.gone(ShopId(1));
        assert_ne!(of(1), own);
    }
}
