//! The rules of CTAP over a world that does what a vector prescribes.

use softhello_ctap::{
    Algorithm, Answer, Authenticator, Change, ChangeSet, Channel, Credential, CredentialId, Exchange,
    Gesture, Handle, Host, HostError, PinVerifier, PrivateKey, Profile, Query, SealingKey, Session, Settings,
    State, Steps, Timestamp, dispatch, u2f,
};

use crate::vector::Vector;

/// An authenticator with one credential, the vector's.
pub(crate) struct VectorAuthenticator {
    profile: Profile,
    session: Session,
    host: VectorHost,
    /// Whether user verification is set up.
    pub(crate) uv_configured: bool,
}

struct VectorHost {
    uv_configured: bool,
    /// The next random bytes and the next key; only a registration draws them.
    id: Vec<u8>,
    key: Option<PrivateKey>,
    credential: Option<Credential>,
}

impl VectorAuthenticator {
    pub(crate) fn new(profile: Profile, vector: &Vector) -> Self {
        let id = vector.registration.bytes("credential_id");
        let host = VectorHost { uv_configured: false, id, key: Some(vector.private_key()), credential: None };
        Self { profile, session: Session::power_up(Timestamp::default()), host, uv_configured: false }
    }

    /// Keeps a credential that was made elsewhere.
    pub(crate) fn import(&mut self, credential: Credential) {
        self.host.credential = Some(credential);
    }

    /// The credential that was kept.
    pub(crate) fn credential_mut(&mut self) -> &mut Credential {
        self.host.credential.as_mut().expect("the registration kept a credential")
    }
}

impl Authenticator for VectorAuthenticator {
    async fn exchange(&mut self, from: Channel, request: &[u8]) -> Exchange {
        self.host.uv_configured = self.uv_configured;
        dispatch(&mut self.host, &self.profile, &mut self.session, from, request).await
    }
}

impl Steps for VectorHost {}

impl Host for VectorHost {
    fn now(&self) -> Timestamp {
        Timestamp::default()
    }

    fn random(&mut self, out: &mut [u8]) {
        out.copy_from_slice(&self.id);
    }

    async fn state(&mut self) -> Result<State, HostError> {
        let pin = self.uv_configured.then_some(PinVerifier { hash: [0; 16], code_points: 4 });
        let settings = Settings { pin, ..Settings::default() };
        Ok(State { settings, uv_retries: 5, sealing_key: SealingKey::default() })
    }

    async fn large_blob_array(&mut self) -> Result<Option<Vec<u8>>, HostError> {
        Ok(None)
    }

    async fn find(&mut self, query: Query<'_>) -> Result<Vec<Handle>, HostError> {
        let matches = |credential: &&Credential| match query {
            Query::Rp(rp_id) => credential.rp_id == rp_id,
            Query::Ids { rp_id_hash, ids } => {
                u2f::application(&credential.rp_id) == *rp_id_hash && ids.contains(&credential.id.as_bytes())
            }
            Query::Discoverable | Query::All => true,
        };
        let handle = |credential: &Credential| Handle {
            id: credential.id.clone(),
            protection: credential.protection,
            sequence: 1,
        };
        Ok(self.credential.iter().filter(matches).map(handle).collect())
    }

    async fn load(&mut self, id: &CredentialId) -> Result<Credential, HostError> {
        self.credential.clone().filter(|credential| credential.id == *id).ok_or(HostError::Missing)
    }

    async fn generate(&mut self, algorithm: Algorithm) -> Result<PrivateKey, HostError> {
        let key = self.key.take().expect("one registration, one key");
        assert_eq!(key.algorithm(), algorithm);
        Ok(key)
    }

    async fn next_count(&mut self, _: &CredentialId) -> Result<u32, HostError> {
        unreachable!("every count of the vectors is 0")
    }

    async fn ask(&mut self, _: Gesture<'_>) -> Answer {
        Answer::Given
    }

    async fn commit(&mut self, changes: ChangeSet) -> Result<(), HostError> {
        for change in changes.0 {
            if let Change::Create { credential, .. } = change {
                self.credential = Some(*credential);
            }
        }
        Ok(())
    }
}
