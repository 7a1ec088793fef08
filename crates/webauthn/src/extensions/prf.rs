//! `prf`: a pseudo-random function of each credential, by way of `hmac-secret` and `hmac-secret-mc`.
//!
//! Source: WebAuthn Level 3 §10.1.4; CTAP 2.3 §12.7 and §12.8.

use sha2::{Digest as _, Sha256};
use softhello_ctap::{
    Authenticator, PinUvAuthProtocol, Step,
    cbor::Writer,
    message::{HMAC_SECRET, MapBuilder},
};

use super::{PrfInputs, PrfValues};
use crate::{
    CredentialDescriptor, DomException, Failure, base64url,
    client_pin::Agreement,
    connection::{Connection, Refusal},
};

/// Checks the inputs of a creation.
pub(crate) fn check_creation(inputs: &PrfInputs) -> Result<(), Failure> {
    const REASON: &str = "`prf.evalByCredential` is for assertions: the new credential's id is not known yet";
    match inputs.eval_by_credential {
        Some(_) => Err(Failure::new(DomException::NotSupportedError, &EVAL_BY_CREDENTIAL_NEW, REASON)),
        None => Ok(()),
    }
}

/// The values to evaluate at, as an assertion needs them.
#[derive(Debug, Default)]
pub(crate) struct Evaluations<'a> {
    eval: Option<&'a PrfValues>,
    by_credential: Vec<(Vec<u8>, &'a PrfValues)>,
}

impl<'a> Evaluations<'a> {
    /// Checks the inputs of an assertion.
    pub(crate) fn read(inputs: &'a PrfInputs, allowed: &[CredentialDescriptor]) -> Result<Self, Failure> {
        let entries = inputs.eval_by_credential.as_deref().unwrap_or_default();
        if !entries.is_empty() && allowed.is_empty() {
            const REASON: &str = "`prf.evalByCredential` needs `allowCredentials`";
            return Err(Failure::new(DomException::NotSupportedError, &EVAL_BY_CREDENTIAL, REASON));
        }
        let by_credential = entries.iter().map(|(key, values)| {
            let refuse = |reason: &str| {
                let reason = format!("the key `{key}` of `prf.evalByCredential` {reason}");
                Failure::new(DomException::SyntaxError, &EVAL_BY_CREDENTIAL, reason)
            };
            let id = match base64url::decode(key) {
                Ok(id) if !id.is_empty() => id,
                Ok(_) => return Err(refuse("is empty")),
                Err(reason) => return Err(refuse(&reason)),
            };
            match allowed.iter().any(|descriptor| descriptor.id == id) {
                true => Ok((id, values)),
                false => Err(refuse("is not in `allowCredentials`")),
            }
        });
        Ok(Self { eval: inputs.eval.as_ref(), by_credential: by_credential.collect::<Result<_, _>>()? })
    }

    /// Whether there is anything to evaluate.
    pub(crate) fn is_empty(&self) -> bool {
        self.eval.is_none() && self.by_credential.is_empty()
    }

    /// Whether the values depend on the credential that answers.
    pub(crate) fn differ(&self) -> bool {
        !self.by_credential.is_empty()
    }

    /// The values for this credential; without one those for any.
    pub(crate) fn of(&self, credential: Option<&[u8]>) -> Option<&'a PrfValues> {
        let own = credential
            .and_then(|credential| self.by_credential.iter().find(|(id, _)| id == credential))
            .map(|(_, values)| *values);
        own.or(self.eval)
    }
}

/// Salts on their way to an authenticator.
pub(crate) struct HmacSecret {
    agreement: Agreement,
    salts: Vec<u8>,
}

impl HmacSecret {
    /// Agrees with the authenticator on a secret for these values.
    pub(crate) async fn agree<A: Authenticator>(
        values: &PrfValues,
        protocol: PinUvAuthProtocol,
        connection: &mut Connection<'_, A>,
    ) -> Result<Self, Refusal> {
        let mut salts = salt(&values.first).to_vec();
        salts.extend(values.second.iter().flat_map(|second| salt(second)));
        Ok(Self { agreement: connection.agree(protocol).await?, salts })
    }

    /// Writes the extension's input.
    pub(crate) fn write(&self, random: &mut dyn FnMut(&mut [u8]), out: &mut Writer) {
        let Agreement { key, secret } = &self.agreement;
        let salt_enc = secret.encrypt(&self.salts, random);
        let mut input = MapBuilder::new(&HMAC_SECRET);
        key.write(input.member("keyAgreement"));
        input.member("saltEnc").bytes(&salt_enc);
        input.member("saltAuth").bytes(&secret.authenticate(&[&salt_enc]));
        // CTAP 2.0 knows no such member and means protocol one.
        if secret.protocol() != PinUvAuthProtocol::One {
            input.member("pinUvAuthProtocol").uint(secret.protocol().number());
        }
        input.write(out);
    }

    /// The results in the extension's output: one of 32 bytes for each salt.
    pub(crate) fn read(&self, output: &[u8]) -> Option<PrfValues> {
        let plain = self.agreement.secret.decrypt(output).ok()?;
        if plain.len() != self.salts.len() {
            return None;
        }
        let mut results = plain.chunks_exact(32).map(<[u8]>::to_vec);
        Some(PrfValues { first: results.next()?, second: results.next() })
    }
}

/// SHA-256("WebAuthn PRF" ‖ 0x00 ‖ input).
fn salt(input: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(b"WebAuthn PRF\0").chain_update(input).finalize().into()
}

static EVAL_BY_CREDENTIAL_NEW: Step = Step {
    section: "10.1.4",
    number: "create 1",
    rule: "At creation there is no `evalByCredential`, or it is a NotSupportedError.",
};
static EVAL_BY_CREDENTIAL: Step = Step {
    section: "10.1.4",
    number: "get 1",
    rule: "`evalByCredential` needs allowed credentials, or it is a NotSupportedError; its keys are ids of them, or \
           it is a SyntaxError.",
};

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    /// CTAP 2.3 reference, Annex A.2; WebAuthn Level 3 §16, prf.
    #[test]
    fn a_salt_is_the_hash_of_the_input_under_its_context() {
        let input = HEXLOWER.decode(b"576562417574686e20505246207465737420766563746f727302").expect("hex");
        assert_eq!(
            HEXLOWER.encode(&salt(&input)),
            "527413ebb48293772df30f031c5ac4650c7de14bf9498671ae163447b6a772b3"
        );
    }

    #[test]
    fn values_are_those_of_the_credential_before_those_of_any() {
        let values = |first: &[u8]| PrfValues { first: first.to_vec(), second: None };
        let allowed = [b"a", b"b"].map(|id| CredentialDescriptor {
            type_: "public-key".to_owned(),
            id: id.to_vec(),
            transports: Vec::new(),
        });
        let inputs = |keys: &[&str]| PrfInputs {
            eval: Some(values(b"any")),
            eval_by_credential: Some(
                keys.iter().map(|key| ((*key).to_owned(), values(key.as_bytes()))).collect(),
            ),
        };
        let of_a = inputs(&["YQ"]);
        let read = Evaluations::read(&of_a, &allowed).expect("usable");
        assert_eq!(read.of(Some(b"a")), Some(&values(b"YQ")));
        assert_eq!(read.of(Some(b"b")), Some(&values(b"any")));
        assert_eq!(read.of(None), Some(&values(b"any")));
        for (keys, allowed, want) in [
            (&["YQ"][..], &[][..], "NotSupportedError: `prf.evalByCredential` needs `allowCredentials`"),
            (&[""], &allowed, "SyntaxError: the key `` of `prf.evalByCredential` is empty"),
            (&["YQ=="], &allowed, "SyntaxError: the key `YQ==` of `prf.evalByCredential` carries padding"),
            (&["YQ", "Yw"], &allowed, "SyntaxError: the key `Yw` of `prf.evalByCredential` is not in"),
        ] {
            let failure = Evaluations::read(&inputs(keys), allowed).expect_err(want).to_string();
            assert!(failure.starts_with(want), "{failure}");
        }
        let empty = PrfInputs { eval: None, eval_by_credential: Some(Vec::new()) };
        assert!(Evaluations::read(&empty, &[]).expect("nothing to check").is_empty());
    }
}
