//! Where a device's random bytes come from.

use std::{convert::Infallible, fmt, sync::Arc};

use hkdf::Hkdf;
use rand::{Rng as _, SeedableRng as _, TryCryptoRng, TryRng, rngs::ChaCha20Rng};
use sha2::Sha256;
use softhello_storage::{ContainerId, Store, StoreError};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Makes a device repeatable: the same seed, container and history give the same keys and ids on every machine.
///
/// The keys of a seeded device are not secret: whoever knows the seed has them.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Seed(Vec<u8>);

impl Seed {
    /// The seed of these bytes, any number of them.
    pub fn new(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    /// The generator of one operation: HKDF-SHA-256(seed; container ‖ operation number) as a ChaCha20 key.
    pub(crate) fn operation(&self, container: ContainerId, operation: u64) -> ChaCha20Rng {
        let info = [&container.as_uuid().as_bytes()[..], &operation.to_be_bytes()].concat();
        let mut key = [0; 32];
        Hkdf::<Sha256>::new(Some(b"softhello seed 1"), &self.0)
            .expand(&info, &mut key)
            .expect("32 bytes are a length that HKDF-SHA-256 gives");
        ChaCha20Rng::from_seed(key)
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(..)")
    }
}

/// The source of one operation's random bytes.
pub enum Entropy {
    /// The operating system.
    System,
    /// A seed.
    Seeded(Box<ChaCha20Rng>),
}

impl Entropy {
    /// The source for the container's next operation. With a seed, this takes one of its durable operation numbers, so
    /// that nothing is drawn twice, also not by a later process.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the number cannot be had.
    pub async fn draw(
        seed: Option<&Seed>,
        store: &Arc<dyn Store>,
        container: ContainerId,
    ) -> Result<Self, StoreError> {
        match seed {
            None => Ok(Self::System),
            Some(seed) => {
                let operation = store.next_operation(container).await?;
                Ok(Self::Seeded(Box::new(seed.operation(container, operation))))
            }
        }
    }

    /// Fills `out` with random bytes.
    pub fn fill(&mut self, out: &mut [u8]) {
        match self {
            // Seeded by the operating system and reseeded now and then; asking it for each key and id costs more.
            Self::System => rand::rng().fill_bytes(out),
            Self::Seeded(rng) => {
                let Ok(()) = rng.try_fill_bytes(out);
            }
        }
    }
}

impl TryRng for Entropy {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.fill(out);
        Ok(())
    }
}

impl TryCryptoRng for Entropy {}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::Seeded(_) => "Seeded(..)",
        })
    }
}
