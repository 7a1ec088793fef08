//! The record of a container's state.

use serde::{Deserialize, Serialize};
use serde_bytes::{ByteArray, ByteBuf};
use softhello_ctap::{PersistentToken, PinVerifier, SealingKey, Settings, Template};
use zeroize::Zeroize as _;

use crate::{ContainerState, StoreError, seal::Key};

/// The durable part of [`ContainerState`], except the retries. What is as in a new device is left out.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StateBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    p: Option<ByteArray<16>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    l: Option<u8>,
    s: ByteArray<32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r: Option<u8>,
    #[serde(default, skip_serializing_if = "is_false")]
    f: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    m: Option<u8>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    i: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    c: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    a: Option<bool>,
    #[serde(default, skip_serializing_if = "is_false")]
    e: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    t: Option<bool>,
    #[serde(default, skip_serializing_if = "is_zero")]
    u: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    k: Option<ByteArray<32>>,
    #[serde(default, skip_serializing_if = "is_false")]
    w: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    d: Option<ByteArray<16>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    z: Option<ByteArray<16>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    b: Vec<TemplateBody>,
}

/// An enrolled fingerprint.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TemplateBody {
    i: ByteBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_false(value: &bool) -> bool {
    !value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(value: &u32) -> bool {
    *value == 0
}

impl StateBody {
    pub(crate) fn of(settings: &Settings, sealing_key: &SealingKey) -> Self {
        let token = settings.persistent_token.as_ref();
        Self {
            p: settings.pin.as_ref().map(|pin| ByteArray::new(pin.hash)),
            l: settings.pin.as_ref().map(|pin| pin.code_points),
            s: ByteArray::new(*sealing_key.as_bytes()),
            r: settings.pin_retries,
            f: settings.force_pin_change,
            m: settings.min_pin_length,
            i: settings.min_pin_length_rp_ids.clone(),
            c: settings.pin_complexity_policy,
            a: settings.always_uv,
            e: settings.enterprise_attestation,
            t: settings.long_touch_for_reset,
            u: settings.uv_count_since_last_pin_entry,
            k: token.map(|token| ByteArray::new(token.value)),
            w: token.is_some_and(|token| token.read_only_management),
            d: settings.device_identifier.map(ByteArray::new),
            z: settings.cred_store_state.map(ByteArray::new),
            b: settings
                .templates
                .iter()
                .map(|template| TemplateBody {
                    i: ByteBuf::from(template.id.clone()),
                    n: template.friendly_name.clone(),
                })
                .collect(),
        }
    }

    /// How many bytes it takes at most, so that its buffer never moves and leaves no copy.
    pub(crate) fn room(&self) -> usize {
        let names = self.i.iter().map(String::len);
        let templates =
            self.b.iter().map(|template| 16 + template.i.len() + template.n.as_ref().map_or(0, String::len));
        256 + names.map(|len| len + 8).chain(templates).sum::<usize>()
    }

    pub(crate) fn into_state(mut self, key: &[u8], uv_retries: u8) -> Result<ContainerState, StoreError> {
        let pin = match (&self.p, self.l) {
            (Some(hash), Some(code_points)) => Some(PinVerifier { hash: **hash, code_points }),
            (None, None) => None,
            _ => return Err(StoreError::damaged(Key::describe(key), "half a PIN")),
        };
        if self.w && self.k.is_none() {
            return Err(StoreError::damaged(Key::describe(key), "half a persistent token"));
        }
        let templates = std::mem::take(&mut self.b).into_iter();
        let settings = Settings {
            pin,
            pin_retries: self.r,
            force_pin_change: self.f,
            min_pin_length: self.m,
            min_pin_length_rp_ids: std::mem::take(&mut self.i),
            pin_complexity_policy: self.c,
            always_uv: self.a,
            enterprise_attestation: self.e,
            long_touch_for_reset: self.t,
            uv_count_since_last_pin_entry: self.u,
            persistent_token: self
                .k
                .as_ref()
                .map(|value| PersistentToken { value: **value, read_only_management: self.w }),
            device_identifier: self.d.as_ref().map(|number| **number),
            cred_store_state: self.z.as_ref().map(|number| **number),
            templates: templates
                .map(|template| Template { id: template.i.into_vec(), friendly_name: template.n })
                .collect(),
        };
        Ok(ContainerState { settings, sealing_key: SealingKey::from_bytes(*self.s), uv_retries })
    }
}

impl Drop for StateBody {
    fn drop(&mut self) {
        self.s.zeroize();
        if let Some(hash) = &mut self.p {
            hash.zeroize();
        }
        if let Some(token) = &mut self.k {
            token.zeroize();
        }
    }
}
