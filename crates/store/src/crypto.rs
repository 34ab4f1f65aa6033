//! Encryption at rest, and the keyed hashes by which encrypted things are found.
//!
//! The operator's keys seal the ledger's own few values and the keys of the shops; a shop's key seals what is the shop's.
//! XChaCha20-Poly1305. A ciphertext begins with the id of its key (4 bytes) and its nonce (24 bytes). Shop, purpose and
//! row are bound into it, so that one moved to another row does not open. The nonce is a keyed hash of all that and the
//! plaintext: it repeats only where everything repeats, so that no randomness is needed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use sync_core::ShopId;
use zeroize::{Zeroize, Zeroizing};

use crate::error::Error;
use crate::model::AddrHash;

/// Length of a key's id.
pub const ID: usize = 4;
const NONCE: usize = 24;

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
pub struct Keys(Vec<Zeroizing<[u8; 32]>>);

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

struct Cipher {
    id: [u8; ID],
    aead: XChaCha20Poly1305,
    nonces: Hmac<Sha256>,
}

impl Cipher {
    fn new(key: &[u8; 32]) -> Self {
        let mut digest = Sha256::digest([b"key id", key.as_slice()].concat());
        let mut id = [0; ID];
        id.copy_from_slice(&digest[..ID]);
        digest.zeroize();
        let mut nonces = mac(key);
        nonces.update(b"nonces");
        Self {
            id,
            aead: XChaCha20Poly1305::new(key.into()),
            nonces,
        }
    }
}

impl Cipher {
    fn seal(&self, plain: &[u8], place: Place<'_>) -> Vec<u8> {
        let bound = place.bytes();
        let mut nonces = self.nonces.clone();
        nonces.update(&(bound.len() as u64).to_be_bytes());
        nonces.update(&bound);
        nonces.update(plain);
        let nonce = nonces.finalize().into_bytes();
        let payload = Payload {
            msg: plain,
            aad: &bound,
        };
        let nonce = XNonce::try_from(&nonce[..NONCE]).expect("24 bytes");
        let sealed = self
            .aead
            .encrypt(&nonce, payload)
            .expect("no text of ours is too long");
        [self.id.as_slice(), nonce.as_slice(), &sealed].concat()
    }

    /// `sealed` begins with the id and the nonce.
    fn open(&self, sealed: &[u8], place: Place<'_>) -> Result<Zeroizing<Vec<u8>>, Error> {
        let (nonce, body) = sealed[ID..].split_at(NONCE);
        let bound = place.bytes();
        let payload = Payload {
            msg: body,
            aad: &bound,
        };
        let nonce = XNonce::try_from(nonce).expect("24 bytes");
        let plain = self.aead.decrypt(&nonce, payload);
        plain
            .map(Zeroizing::new)
            .map_err(|_| Error::Damaged("a ciphertext does not belong where it stands".to_owned()))
    }
}

fn mac(key: &[u8]) -> Hmac<Sha256> {
    <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length")
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
    ciphers: Vec<Cipher>,
    hash_key: Zeroizing<[u8; 32]>,
    /// What new keys of shops come of; never kept anywhere.
    seed: Zeroizing<[u8; 32]>,
    made: AtomicU64,
    shops: RwLock<HashMap<ShopId, Arc<ShopKeys>>>,
}

/// What belongs to a shop.
struct ShopKeys {
    /// `None` for a shop that is gone, or whose key does not open.
    cipher: Option<Cipher>,
    broken: bool,
    addresses: Hmac<Sha256>,
}

/// A secret that is worked out from another, which nobody can work out from it.
pub fn derived(from: &[u8], purpose: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut derive = mac(from);
    derive.update(purpose);
    let mut out = Zeroizing::new([0; 32]);
    out.copy_from_slice(&derive.finalize().into_bytes());
    out
}

impl Vault {
    /// A vault with these keys and the ledger's own key for hashes; keys of new shops come of `seed`.
    pub fn new(keys: &Keys, hash_key: Zeroizing<[u8; 32]>, seed: Zeroizing<[u8; 32]>) -> Self {
        let ciphers = keys.0.iter().map(|key| Cipher::new(key)).collect();
        Self(Arc::new(Inner {
            ciphers,
            hash_key,
            seed,
            made: AtomicU64::new(0),
            shops: RwLock::default(),
        }))
    }

    /// A key for a shop, never made before.
    pub fn new_key(&self, shop: ShopId) -> Zeroizing<[u8; 32]> {
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
            true => mac(derived(key, b"addresses").as_slice()),
            false => self.older_addresses(shop),
        };
        self.keep(shop, Some(Cipher::new(key)), false, addresses);
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
        let addresses = mac(derived(self.0.seed.as_slice(), b"no addresses").as_slice());
        self.keep(shop, None, broken, addresses);
    }

    fn keep(&self, shop: ShopId, cipher: Option<Cipher>, broken: bool, addresses: Hmac<Sha256>) {
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
            return Ok(self.0.ciphers.first().expect("there is a key").seal(plain, place));
        }
        let keys = self.of_shop(place.shop).ok_or(Error::NoSuchShop)?;
        match &keys.cipher {
            Some(cipher) => Ok(cipher.seal(plain, place)),
            None if keys.broken => Err(Error::WrongKeys),
            None => Err(Error::NoSuchShop),
        }
    }

    /// Seals for a shop as before shops had keys.
    #[cfg(test)]
    pub fn seal_with_operators(&self, plain: &[u8], place: Place<'_>) -> Vec<u8> {
        self.0.ciphers[0].seal(plain, place)
    }

    /// Decrypts what [`Vault::seal`] made for the same place, with the shop's key or any of the operator's: shops had none
    /// of their own once.
    pub fn open(&self, sealed: &[u8], place: Place<'_>) -> Result<Zeroizing<Vec<u8>>, Error> {
        if sealed.len() < ID + NONCE {
            return Err(Error::Damaged("a ciphertext is too short".to_owned()));
        }
        if place.shop != LEDGER
            && let Some(keys) = self.of_shop(place.shop)
            && let Some(cipher) = keys
                .cipher
                .as_ref()
                .filter(|cipher| sealed.starts_with(&cipher.id))
        {
            return cipher.open(sealed, place);
        }
        let cipher = self
            .0
            .ciphers
            .iter()
            .find(|cipher| sealed.starts_with(&cipher.id));
        cipher.ok_or(Error::WrongKeys)?.open(sealed, place)
    }

    /// [`Vault::open`] for text.
    pub fn open_text(&self, sealed: &[u8], place: Place<'_>) -> Result<String, Error> {
        let plain = self.open(sealed, place)?;
        String::from_utf8(plain.to_vec())
            .map_err(|_| Error::Damaged("a decrypted text is no text".to_owned()))
    }

    /// The id of the newest key; ids say nothing about keys.
    pub fn newest(&self) -> [u8; ID] {
        self.0.ciphers.first().expect("there is a key").id
    }

    /// Whether a key of this id was given.
    pub fn has(&self, id: &[u8]) -> bool {
        self.0.ciphers.iter().any(|cipher| cipher.id == id)
    }

    /// Whether it was sealed with another key than it would be now.
    pub fn is_old(&self, sealed: &[u8], shop: ShopId) -> bool {
        if shop == LEDGER {
            return !sealed.starts_with(&self.newest());
        }
        self.of_shop(shop)
            .and_then(|keys| keys.cipher.as_ref().map(|cipher| !sealed.starts_with(&cipher.id)))
            .unwrap_or(false)
    }

    /// The keyed hash of an address. Each shop has a key of its own, so that ledgers cannot be joined.
    ///
    /// # Panics
    /// For a shop whose key is not here: whoever learns of a shop takes its key first, and a hash with any other key would
    /// make a stranger of somebody who refused.
    pub fn address(&self, shop: ShopId, key: &str) -> AddrHash {
        let keys = self.of_shop(shop).expect("whoever knows a shop has its key");
        let mut hash = keys.addresses.clone();
        hash.update(key.as_bytes());
        let mut out = [0; 16];
        out.copy_from_slice(&hash.finalize().into_bytes()[..16]);
        AddrHash(out)
    }

    /// The hashes of a shop that was known before shops had keys of their own.
    fn older_addresses(&self, shop: ShopId) -> Hmac<Sha256> {
        let purpose = [b"addresses of shop".as_slice(), &shop.0.to_be_bytes()];
        mac(derived(self.0.hash_key.as_slice(), &purpose.concat()).as_slice())
    }

    /// The keyed hash of a token, by which it is found.
    pub fn token(&self, token: &str) -> Vec<u8> {
        let mut hash = mac(self.0.hash_key.as_slice());
        hash.update(b"token");
        hash.update(token.as_bytes());
        hash.finalize().into_bytes().to_vec()
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
