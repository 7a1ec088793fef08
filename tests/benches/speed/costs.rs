//! What single operations cost.

use std::hint::black_box;

use divan::Bencher;
use p256::ecdsa::{Signature, SigningKey, signature::hazmat::PrehashSigner as _};
use softhello_tests::CLIENT_DATA_HASH;

use crate::{
    ours::{self, Ours},
    theirs,
    udp::Platform,
};

/// What every assertion cannot do without: a signature with a key that is parsed already, of a hash that is computed
/// already.
pub(crate) struct BareSignature(SigningKey);

impl BareSignature {
    pub(crate) fn new() -> Self {
        Self(SigningKey::from_slice(&[7; 32]).expect("a scalar below the order"))
    }

    pub(crate) fn sign(&self) {
        let signature: Signature = self.0.sign_prehash(black_box(&CLIENT_DATA_HASH)).expect("a signature");
        black_box(signature);
    }
}

#[divan::bench]
fn bare_signature(bencher: Bencher<'_, '_>) {
    let key = BareSignature::new();
    bencher.bench_local(|| key.sign());
}

#[divan::bench]
fn assertion(bencher: Bencher<'_, '_>) {
    let (mut device, request) = Ours::in_memory().signing_in(true);
    bencher.bench_local(|| ours::exchange(&mut device, &request));
}

#[divan::bench]
fn assertion_without_allow_list(bencher: Bencher<'_, '_>) {
    let (mut device, request) = Ours::in_memory().signing_in(false);
    bencher.bench_local(|| ours::exchange(&mut device, &request));
}

#[divan::bench]
fn assertion_over_udp(bencher: Bencher<'_, '_>) {
    let (device, request) = Ours::in_memory().signing_in(true);
    let mut platform = Platform::beside(device);
    bencher.bench_local(|| platform.exchange(&request));
}

#[divan::bench]
fn get_info_over_udp(bencher: Bencher<'_, '_>) {
    let mut platform = Platform::beside(Ours::in_memory().device());
    bencher.bench_local(|| platform.get_info());
}

#[divan::bench]
fn registration(bencher: Bencher<'_, '_>) {
    let mut device = Ours::in_memory().device();
    bencher
        .with_inputs(|| ours::registrations(1).remove(0))
        .bench_local_values(|request| ours::exchange(&mut device, &request));
}

#[divan::bench]
fn assertion_of_passkey_authenticator(bencher: Bencher<'_, '_>) {
    let mut authenticator = theirs::with_one_credential();
    let id = theirs::credential_id(&authenticator);
    bencher
        .with_inputs(|| theirs::sign_in_request(&id))
        .bench_local_values(|request| theirs::sign_in(&mut authenticator, request));
}

#[divan::bench]
fn registration_of_passkey_authenticator(bencher: Bencher<'_, '_>) {
    let mut authenticator = theirs::authenticator();
    bencher
        .with_inputs(|| theirs::registration(1))
        .bench_local_values(|request| theirs::register(&mut authenticator, request));
}
