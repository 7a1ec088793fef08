//! The neutral document: JSON, byte strings in base64url without padding.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use softhello_ctap::{
    Algorithm, CredRandom, Credential, CredentialId, ExtensionData, LargeBlob, LargeBlobKey, PersistentToken,
    PinVerifier, PrivateKey, Protection, SealingKey, Settings, Template, Timestamp, User, WrittenBlob,
};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{Export, ExportedContainer, ExportedCredential};
use crate::{ContainerId, ContainerState, Kind, StoreError, StoredCredential};

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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    settings: Option<SettingsMember>,
}

/// What else is set; absent if everything is as in a new device.
#[derive(Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct SettingsMember {
    #[serde(skip_serializing_if = "Option::is_none")]
    pin_retries: Option<u8>,
    force_pin_change: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_pin_length: Option<u8>,
    min_pin_length_rp_ids: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pin_complexity_policy: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    always_uv: Option<bool>,
    enterprise_attestation: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    long_touch_for_reset: Option<bool>,
    uv_count_since_last_pin_entry: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    persistent_token: Option<TokenMember>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_identifier: Option<Base64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cred_store_state: Option<Base64>,
    templates: Vec<TemplateMember>,
}

#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenMember {
    value: Base64,
    read_only_management: bool,
}

#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TemplateMember {
    id: Base64,
    friendly_name: Option<String>,
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    extensions: Option<ExtensionsMember>,
}

/// What extensions keep; absent if they keep nothing.
#[derive(Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ExtensionsMember {
    /// CredRandomWithUV ‖ CredRandomWithoutUV.
    #[serde(skip_serializing_if = "Option::is_none")]
    cred_random: Option<Base64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cred_blob: Option<Base64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    large_blob_key: Option<Base64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    large_blob: Option<LargeBlobMember>,
    third_party_payment: bool,
}

#[derive(Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LargeBlobMember {
    blob: Option<Base64>,
    original_size: Option<u64>,
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

#[derive(PartialEq, Eq)]
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
                .settings
                .pin
                .as_ref()
                .map(|pin| Pin { hash: Base64::of(&pin.hash), code_points: pin.code_points }),
            sealing_key: Base64::of(state.sealing_key.as_bytes()),
            uv_retries: state.uv_retries,
            settings: Some(SettingsMember::from(&state.settings))
                .filter(|settings| *settings != SettingsMember::default()),
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
                settings: state.settings.unwrap_or_default().into_settings(pin.transpose()?)?,
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

impl From<&Settings> for SettingsMember {
    fn from(settings: &Settings) -> Self {
        Self {
            pin_retries: settings.pin_retries,
            force_pin_change: settings.force_pin_change,
            min_pin_length: settings.min_pin_length,
            min_pin_length_rp_ids: settings.min_pin_length_rp_ids.clone(),
            pin_complexity_policy: settings.pin_complexity_policy,
            always_uv: settings.always_uv,
            enterprise_attestation: settings.enterprise_attestation,
            long_touch_for_reset: settings.long_touch_for_reset,
            uv_count_since_last_pin_entry: settings.uv_count_since_last_pin_entry,
            persistent_token: settings.persistent_token.as_ref().map(|token| TokenMember {
                value: Base64::of(&token.value),
                read_only_management: token.read_only_management,
            }),
            device_identifier: settings.device_identifier.map(|number| Base64::of(&number)),
            cred_store_state: settings.cred_store_state.map(|number| Base64::of(&number)),
            templates: settings
                .templates
                .iter()
                .map(|template| TemplateMember {
                    id: Base64::of(&template.id),
                    friendly_name: template.friendly_name.clone(),
                })
                .collect(),
        }
    }
}

impl SettingsMember {
    fn into_settings(self, pin: Option<PinVerifier>) -> Result<Settings, StoreError> {
        let number = |number: Option<Base64>, member| number.map(|number| number.array(member)).transpose();
        let token = self.persistent_token.map(|token| -> Result<_, StoreError> {
            Ok(PersistentToken {
                value: token.value.array("persistent_token.value")?,
                read_only_management: token.read_only_management,
            })
        });
        Ok(Settings {
            pin,
            pin_retries: self.pin_retries,
            force_pin_change: self.force_pin_change,
            min_pin_length: self.min_pin_length,
            min_pin_length_rp_ids: self.min_pin_length_rp_ids,
            pin_complexity_policy: self.pin_complexity_policy,
            always_uv: self.always_uv,
            enterprise_attestation: self.enterprise_attestation,
            long_touch_for_reset: self.long_touch_for_reset,
            uv_count_since_last_pin_entry: self.uv_count_since_last_pin_entry,
            persistent_token: token.transpose()?,
            device_identifier: number(self.device_identifier, "device_identifier")?,
            cred_store_state: number(self.cred_store_state, "cred_store_state")?,
            templates: self
                .templates
                .into_iter()
                .map(|template| Template {
                    id: template.id.0.to_vec(),
                    friendly_name: template.friendly_name,
                })
                .collect(),
        })
    }
}

impl From<&ExtensionData> for ExtensionsMember {
    fn from(data: &ExtensionData) -> Self {
        let base64 = |bytes: &Vec<u8>| Base64::of(bytes);
        Self {
            cred_random: data
                .cred_random
                .as_ref()
                .map(|random| Base64(Zeroizing::new([random.with_uv, random.without_uv].concat()))),
            cred_blob: data.cred_blob.as_ref().map(base64),
            large_blob_key: data.large_blob_key.as_ref().map(|key| Base64::of(&key.0)),
            large_blob: data.large_blob.as_ref().map(|slot| LargeBlobMember {
                blob: slot.0.as_ref().map(|written| Base64::of(&written.blob)),
                original_size: slot.0.as_ref().map(|written| written.original_size),
            }),
            third_party_payment: data.third_party_payment,
        }
    }
}

impl TryFrom<ExtensionsMember> for ExtensionData {
    type Error = StoreError;

    fn try_from(member: ExtensionsMember) -> Result<Self, StoreError> {
        let cred_random = member.cred_random.map(|random| -> Result<_, StoreError> {
            let random: [u8; 64] = random.array("cred_random")?;
            let half = |half: &[u8]| *half.first_chunk().expect("half of 64 bytes");
            let (with_uv, without_uv) = random.split_at(32);
            Ok(CredRandom { with_uv: half(with_uv), without_uv: half(without_uv) })
        });
        let large_blob = member.large_blob.map(|slot| match (slot.blob, slot.original_size) {
            (Some(blob), Some(original_size)) => {
                Ok(LargeBlob(Some(WrittenBlob { blob: blob.0.to_vec(), original_size })))
            }
            (None, None) => Ok(LargeBlob(None)),
            _ => Err(StoreError::Invalid("`large_blob` has only one of its members".to_owned())),
        });
        let key = member.large_blob_key.map(|key| key.array("large_blob_key")).transpose()?;
        Ok(Self {
            cred_random: cred_random.transpose()?,
            cred_blob: member.cred_blob.map(|blob| blob.0.to_vec()),
            large_blob_key: key.map(LargeBlobKey),
            large_blob: large_blob.transpose()?,
            third_party_payment: member.third_party_payment,
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
            extensions: Some(ExtensionsMember::from(&credential.extensions))
                .filter(|extensions| *extensions != ExtensionsMember::default()),
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
            extensions: member.extensions.map(ExtensionData::try_from).transpose()?.unwrap_or_default(),
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
