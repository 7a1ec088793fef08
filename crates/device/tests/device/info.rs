//! What devices say of themselves: authenticatorGetInfo.

use softhello_ctap::{
    api,
    cbor::Writer,
    explain::{Kind, explain_as},
};
use softhello_device::{DeviceProfile, Seed};
use softhello_storage::memory;
use uuid::uuid;

use crate::bench::Bench;

#[test]
fn every_profile_says_what_it_is() {
    for name in DeviceProfile::BUILT_IN.into_iter().chain(["windows-hello-software+as-certified"]) {
        // Two members of a key with everything are random, and repeatable by a seed.
        let info = Bench::in_store(&memory(), name, Some(&Seed::new(b"info"))).info();
        let explanation = explain_as(Kind::Response { command: Some(api::GET_INFO) }, &info);
        assert!(explanation.problems.is_empty(), "{name}: {:?}", explanation.problems);
        insta::assert_snapshot!(name.replace('+', "_"), explanation);
    }
}

/// Source: the entries of the three Windows Hello authenticators in the FIDO Metadata Service, blobs 9 to 31.
#[test]
fn as_certified_it_is_the_published_metadata_and_nothing_else() {
    let mut want = Writer::appending(vec![0x00]);
    want.map(9);
    want.uint(0x01).array(1).text("FIDO_2_0");
    want.uint(0x03).bytes(uuid!("6028b017-b1d4-4c02-b4b3-afcdafc96bb2").as_bytes());
    want.uint(0x04).map(3).text("rk").bool(true).text("up").bool(true).text("plat").bool(true);
    want.uint(0x07).uint(100); // maxCredentialCountInList
    want.uint(0x08).uint(32); // maxCredentialIdLength
    want.uint(0x09).array(1).text("internal");
    want.uint(0x0a).array(1).map(2).text("alg").int(-257).text("type").text("public-key");
    want.uint(0x0d).uint(4); // minPINLength
    want.uint(0x0e).uint(19042); // firmwareVersion
    let mut bench = Bench::of("windows-hello-software+as-certified");
    let explain =
        |bytes: &[u8]| explain_as(Kind::Response { command: Some(api::GET_INFO) }, bytes).to_string();
    assert_eq!(explain(&bench.info()), explain(&want.into_bytes()));
    bench.set_pin(None);
    assert_eq!(bench.option("uv"), None, "also without a PIN it says nothing of verification");
}
