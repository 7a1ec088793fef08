//! The neutral document: JSON, byte strings in base64url without padding.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use softhello_ctap::{
    Algorithm, Credential, CredentialId, PrivateKey, Protection, SealingKey, Timestamp, User,
};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{Export, ExportedContainer, ExportedCredential};
use crate::{ContainerId, ContainerState, Kind, PinVerifier, StoreError, StoredCredential};

const FORMAT: &str = "softhello-export";
const VERSION: u64 = 1;

impl Export {
    /// The longest document that is read, in bytes.
    pub const MAX_JSON: usize = 256 * 1024 * 1024;

    /// The export as a JSON document. It shows every private key.
    ///
    /// # Panics
    ///
    /// Never: these types have a form in JSON.
    pub fn to_json(&self) -> Zeroizing<String> {
        let containers = self.containers.iter().map(Container::from).collect();
        let document = Document { format: FORMAT.to_owned(), version: VERSION, containers };
        Zeroizing::new(
            serde_json::to_string_pretty(&document).expect("texts, numbers, lists and named members only"),
        )
    }

    /// Reads what [`Export::to_json`] wrote.
    ///
    /// # Errors
    ///
    /// [`StoreError::UnknownVersion`] if a later version wrote it, [`StoreError::TooLarge`] above
    /// [`Export::MAX_JSON`], [`StoreError::Invalid`] if it is no such document.
    pub fn from_json(json: &[u8]) -> Result<Self, StoreError> {
        if json.len() > Self::MAX_JSON {
            let (what, len, max) = ("the export", json.len(), Self::MAX_JSON);
            return Err(StoreError::TooLarge { what, len, max });
        }
        let invalid = |error: serde_json::Error| StoreError::Invalid(format!("no softhello export: {error}"));
        let head: Head = serde_json::from_slice(json).map_err(invalid)?;
        if head.format != FORMAT {
            return Err(StoreError::Invalid(format!("no softhello export: its format is `{}`", head.format)));
        }
        if head.version != VERSION {
            return Err(StoreError::UnknownVersion {
                what: "the export",
                found: head.version,
                known: VERSION,
            });
        }
        let document: Document = serde_json::from_slice(json).map_err(invalid)?;
        let containers: Result<_, _> =
            document.containers.into_iter().map(ExportedContainer::try_from).collect();
        Ok(Self { containers: containers? })
    }
}

/// What every version of the document has.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: String,
    version: u64,
    containers: Vec<Container>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Container {
    id: Uuid,
    state: Option<State>,
    operation: u64,
    credentials: Vec<CredentialMember>,
    counters: Vec<CounterMember>,
    documents: Vec<DocumentMember>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    pin: Option<Pin>,
    sealing_key: Base64,
    uv_retries: u8,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pin {
    hash: Base64,
    code_points: u8,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CredentialMember {
    id: Base64,
    rp_id: String,
    user: UserMember,
    /// The COSE identifier.
    algorithm: i64,
    private_key: Base64,
    discoverable: bool,
    protection: u8,
    backup_eligible: bool,
    backed_up: bool,
    /// Milliseconds since 1970.
    created: u64,
    kind: KindMember,
    removable: bool,
    blocking: bool,
    count: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CounterMember {
    id: Base64,
    count: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct UserMember {
    id: Base64,
    name: Option<String>,
    display_name: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum KindMember {
    Passkey,
    Managed,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentMember {
    name: String,
    value: Base64,
}

struct Base64(Zeroizing<Vec<u8>>);

impl Base64 {
    fn of(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    fn array<const N: usize>(&self, member: &str) -> Result<[u8; N], StoreError> {
        self.0.as_slice().try_into().map_err(|_| StoreError::Invalid(format!("`{member}` has not {N} bytes")))
    }
}

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Zeroizing::new(BASE64URL_NOPAD.encode(&self.0)))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        let bytes = BASE64URL_NOPAD
            .decode(text.as_bytes())
            .map_err(|error| D::Error::custom(format!("no base64url without padding: {error}")))?;
        Ok(Self(Zeroizing::new(bytes)))
    }
}

impl From<&ExportedContainer> for Container {
    fn from(container: &ExportedContainer) -> Self {
        let state = container.state.as_ref().map(|state| State {
            pin: state
                .pin
                .as_ref()
                .map(|pin| Pin { hash: Base64::of(&pin.hash), code_points: pin.code_points }),
            sealing_key: Base64::of(state.sealing_key.as_bytes()),
            uv_retries: state.uv_retries,
        });
        let counters = container
            .counters
            .iter()
            .map(|(id, count)| CounterMember { id: Base64::of(id.as_bytes()), count: *count })
            .collect();
        let documents = container
            .documents
            .iter()
            .map(|(name, value)| DocumentMember { name: name.clone(), value: Base64::of(value) })
            .collect();
        Self {
            id: *container.id.as_uuid(),
            state,
            operation: container.operation,
            credentials: container.credentials.iter().map(CredentialMember::from).collect(),
            counters,
            documents,
        }
    }
}

impl TryFrom<Container> for ExportedContainer {
    type Error = StoreError;

    fn try_from(container: Container) -> Result<Self, StoreError> {
        let state = container.state.map(|state| -> Result<_, StoreError> {
            let pin = state.pin.map(|pin| -> Result<_, StoreError> {
                Ok(PinVerifier { hash: pin.hash.array("pin.hash")?, code_points: pin.code_points })
            });
            Ok(ContainerState {
                pin: pin.transpose()?,
                sealing_key: SealingKey::from_bytes(state.sealing_key.array("sealing_key")?),
                uv_retries: state.uv_retries,
            })
        });
        let credentials: Result<_, _> =
            container.credentials.into_iter().map(ExportedCredential::try_from).collect();
        let counters: Result<_, StoreError> = container
            .counters
            .into_iter()
            .map(|counter| {
                let id = CredentialId::try_from(counter.id.0.as_slice())
                    .map_err(|error| StoreError::Invalid(format!("a counter: {error}")))?;
                Ok((id, counter.count))
            })
            .collect();
        Ok(Self {
            id: ContainerId::from_uuid(container.id),
            state: state.transpose()?,
            operation: container.operation,
            credentials: credentials?,
            counters: counters?,
            documents: container
                .documents
                .into_iter()
                .map(|document| (document.name, document.value.0.to_vec()))
                .collect(),
            damaged: Vec::new(),
        })
    }
}

impl From<&ExportedCredential> for CredentialMember {
    fn from(exported: &ExportedCredential) -> Self {
        let ExportedCredential { stored, count } = exported;
        let credential = &stored.credential;
        Self {
            id: Base64::of(credential.id.as_bytes()),
            rp_id: credential.rp_id.clone(),
            user: UserMember {
                id: Base64::of(&credential.user.id),
                name: credential.user.name.clone(),
                display_name: credential.user.display_name.clone(),
            },
            algorithm: credential.key.algorithm().cose_id(),
            private_key: Base64(credential.key.to_bytes()),
            discoverable: credential.discoverable,
            protection: credential.protection as u8,
            backup_eligible: credential.backup_eligible,
            backed_up: credential.backed_up,
            created: credential.created.0,
            kind: match stored.kind {
                Kind::Passkey => KindMember::Passkey,
                Kind::Managed => KindMember::Managed,
            },
            removable: stored.removable,
            blocking: stored.blocking,
            count: *count,
        }
    }
}

impl TryFrom<CredentialMember> for ExportedCredential {
    type Error = StoreError;

    fn try_from(member: CredentialMember) -> Result<Self, StoreError> {
        let invalid = |what: String| StoreError::Invalid(format!("a credential of {}: {what}", member.rp_id));
        let algorithm = Algorithm::from_cose_id(member.algorithm)
            .ok_or_else(|| invalid(format!("unknown algorithm {}", member.algorithm)))?;
        let credential = Credential {
            id: CredentialId::try_from(member.id.0.as_slice()).map_err(|error| invalid(error.to_string()))?,
            key: PrivateKey::from_bytes(algorithm, &member.private_key.0)
                .map_err(|error| invalid(error.to_string()))?,
            protection: Protection::try_from(member.protection)
                .map_err(|level| invalid(format!("no credProtect level {level}")))?,
            rp_id: member.rp_id,
            user: User {
                id: member.user.id.0.to_vec(),
                name: member.user.name,
                display_name: member.user.display_name,
            },
            discoverable: member.discoverable,
            backup_eligible: member.backup_eligible,
            backed_up: member.backed_up,
            created: Timestamp(member.created),
        };
        let kind = match member.kind {
            KindMember::Passkey => Kind::Passkey,
            KindMember::Managed => Kind::Managed,
        };
        let stored =
            StoredCredential { credential, kind, removable: member.removable, blocking: member.blocking };
        Ok(Self { stored, count: member.count })
    }
}
