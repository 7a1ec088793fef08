//! A process that goes on, and others that it carries out.

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use serde_json::json;
use softhello_ctap::{Authenticator as _, Channel, api};
use softhello_transport::udp::Remote;
use tokio::time::timeout;

use crate::{
    desk::{Desk, Finished, ORIGIN, creation_options},
    served::Served,
};

const HID_UDP: &str = "hid udp --listen 127.0.0.1:0";

/// Does something as a client of the device at this address, within a time that any machine has.
fn client<T>(address: SocketAddr, then: impl AsyncFnOnce(Remote) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let work = async { then(Remote::connect(address).await.unwrap()).await };
    runtime.block_on(async { timeout(Duration::from_secs(20), work).await.expect("an answer") })
}

/// Answers of the device to a request.
fn exchange(address: SocketAddr, request: &'static [u8]) -> Vec<u8> {
    client(address, async |mut remote| remote.exchange(Channel::default(), request).await.response)
}

/// `create.json` for a passkey that a security key keeps.
fn resident(desk: &Desk) {
    let mut options = creation_options();
    options["authenticatorSelection"] = json!({ "residentKey": "required" });
    desk.write("resident.json", &options.to_string());
}

#[test]
fn it_says_where_it_is_and_leaves_nothing_behind() {
    for signal in ["-INT", "-TERM"] {
        let desk = Desk::new();
        let served = Served::start(&desk, HID_UDP);
        let socket = desk.path().join("data/control.sock");
        assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
        let info = exchange(served.address(), &[api::GET_INFO]);
        assert_eq!(info[0], 0);
        served.signal(signal);
        let (code, stderr) = served.end();
        assert_eq!(code, Some(130), "{stderr}");
        assert!(stderr.starts_with("security-key listens for CTAPHID over UDP"), "{stderr}");
        assert!(!socket.exists());
        assert_eq!(
            desk.run("passkeys list").ok().stdout,
            "the account `default` has no passkeys in windows-hello-software; `--profile NAME` shows others\n"
        );
    }
    let desk = Desk::new();
    let served = Served::start(&desk, &format!("{HID_UDP} --json"));
    let ready: serde_json::Value = serde_json::from_str(&served.ready).unwrap();
    assert!(ready["address"].as_str().unwrap().starts_with("127.0.0.1:"));
}

#[test]
fn others_are_carried_out_with_their_own_output_and_exit_code() {
    let desk = Desk::new();
    resident(&desk);
    let served = Served::start(&desk, HID_UDP);
    let made = desk.run(&format!("create {ORIGIN} --options resident.json")).ok();
    assert_eq!(made.json()["authenticatorAttachment"], "cross-platform", "the profile that runs");
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert!(desk.run("passkeys list").ok().stdout.contains(&id));
    assert_eq!(desk.run("passkeys list --json").ok().json()[0]["id"], id);
    assert_eq!(desk.run("info --json").ok().json()["profile"], "security-key");
    // Another account and another authenticator, in the same process.
    let hello = desk.run("info --json --profile windows-hello-software").ok().json();
    assert_eq!(hello["profile"], "windows-hello-software");
    desk.run("account add ada --kind entra").ok();
    assert_eq!(
        desk.run("passkeys list --account ada").ok().stdout,
        "the account `ada` has no passkeys in security-key; `--profile NAME` shows others\n"
    );
    desk.run("account list --account nobody").ok();
    desk.run("passkeys list --account nobody").is_error(2, &["there is no account `nobody`"]);
    desk.run(&format!("get {ORIGIN} --options get.json --user decline")).is_error(1, &["the user declined"]);
    desk.run(&format!("get {ORIGIN} --options get.json --explain -v")).ok();
    desk.run("passkeys list --store redb").is_error(2, &["`softhello hid udp` has the sled store"]);
    desk.run(&format!("get {ORIGIN} --options get.json --user ask"))
        .is_error(2, &["there is no terminal to ask on"]);
    desk.run("user ask").is_error(2, &["`softhello hid udp` has no terminal to ask on"]);
    desk.run("container delete").is_error(1, &["is in use"]);
    desk.run("account remove default").is_error(1, &["is in use"]);
    desk.run("account remove ada").ok();
    desk.run("store check").ok();
    desk.run("store copy redb").ok();
    drop(served);
    let found = desk.run("passkeys list --json --profile security-key --store redb").ok().json();
    assert_eq!(found[0]["id"], id);
}

#[test]
fn the_user_is_said_from_outside() {
    let desk = Desk::new();
    let served = Served::start(&desk, &format!("{HID_UDP} --user decline"));
    let address = served.address();
    assert_eq!(exchange(address, &[api::SELECTION]), [0x27]);
    desk.run("user approve").ok();
    assert_eq!(exchange(address, &[api::SELECTION]), [0]);
    desk.run("user timeout").ok();
    let (begun, waited) = (Instant::now(), Duration::from_millis(700));
    let approval = thread::spawn(move || {
        thread::sleep(waited);
        desk.run("user approve --json").ok().json()
    });
    // The gesture that is waited for is given.
    assert_eq!(exchange(address, &[api::SELECTION]), [0]);
    assert!(begun.elapsed() >= waited, "{:?}", begun.elapsed());
    assert_eq!(approval.join().unwrap(), json!({ "user": "approve" }));
    drop(served);
    for command in ["user approve", "power-cycle"] {
        Desk::new().run(command).is_error(1, &["no authenticator", "hid udp"]);
    }
}

#[test]
fn the_power_is_cycled_from_outside() {
    let desk = Desk::new();
    let served = Served::start(&desk, HID_UDP);
    client(served.address(), async |remote| {
        assert_eq!(remote.transact(0x01, b"?").await.unwrap(), b"?");
        assert_eq!(desk.run("power-cycle --json").ok().json(), json!({ "powerCycled": 1 }));
        let error = remote.transact(0x01, b"?").await.unwrap_err();
        assert_eq!(error.to_string(), "the device answered CTAPHID_ERROR 0x0b", "the channel is gone");
    });
    assert_eq!(exchange(served.address(), &[api::RESET]), [0]);
}

/// A second transport of the same authenticator is one more in the first process.
#[test]
fn a_second_one_joins_the_first() {
    let desk = Desk::new();
    let first = Served::start(&desk, HID_UDP);
    let link = desk.path().join("token");
    let second = Served::start(&desk, "hid pty --link token");
    assert_eq!(PathBuf::from(&second.ready), link);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    let third = Served::start(&desk, HID_UDP);
    assert_ne!(first.address(), third.address());
    assert_eq!(exchange(third.address(), &[api::GET_INFO])[0], 0);
    // Its Ctrl-C ends it, and nothing else.
    second.signal("-INT");
    assert_eq!(second.end().0, Some(130));
    let begun = Instant::now();
    while fs::symlink_metadata(&link).is_ok() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the link stays");
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(exchange(third.address(), &[api::GET_INFO])[0], 0);
    // An authenticator is there as long as one of its transports.
    desk.run("account add ada").ok();
    let other = Served::start(&desk, &format!("{HID_UDP} --account ada"));
    let cycled = || desk.run("power-cycle").ok().stdout;
    assert_eq!(cycled(), "cycled the power of 2 authenticators\n");
    other.signal("-INT");
    assert_eq!(other.end().0, Some(130));
    let begun = Instant::now();
    while cycled() != "cycled the power of 1 authenticator\n" {
        assert!(begun.elapsed() < Duration::from_secs(20), "it stays");
        thread::sleep(Duration::from_millis(10));
    }
    // The first one's ends all.
    first.signal("-INT");
    assert_eq!(first.end().0, Some(130));
    let (code, stderr) = third.end();
    assert_eq!(code, Some(3), "{stderr}");
    assert!(stderr.contains("error: the process that carried it out has gone"), "{stderr}");
}

#[test]
fn a_killed_one_leaves_a_socket_that_disturbs_nobody() {
    let desk = Desk::new();
    let served = Served::start(&desk, HID_UDP);
    served.signal("-KILL");
    served.end();
    assert!(desk.path().join("data/control.sock").exists());
    desk.run("account list").ok();
    let again = Served::start(&desk, HID_UDP);
    assert_eq!(exchange(again.address(), &[api::GET_INFO])[0], 0);
    assert!(desk.run("power-cycle").ok().stdout.contains("1 authenticator"));
}

#[test]
fn a_data_directory_may_have_a_long_path() {
    let desk = Desk::new();
    let long = desk.path().join("x".repeat(100)).join("y".repeat(100));
    let with_data = |arguments: &str| {
        let mut command = desk.command(arguments);
        command.env("SOFTHELLO_DATA", &long);
        command
    };
    let served = Served::begun(with_data(HID_UDP));
    let lock: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(long.join("lock")).unwrap()).unwrap();
    let socket = PathBuf::from(lock["socket"].as_str().unwrap());
    assert!(socket.exists() && !socket.starts_with(&long));
    assert!(with_data("power-cycle").status().unwrap().success());
    served.signal("-TERM");
    assert_eq!(served.end().0, Some(130));
    assert!(!socket.exists() && !socket.parent().unwrap().exists());
}

#[test]
fn what_it_cannot_be_is_told() {
    let desk = Desk::new();
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    desk.run(&format!("hid udp --listen {address}"))
        .is_error(3, &["cannot listen on", "--listen 127.0.0.1:0"]);
    desk.run("hid udp --listen nowhere").is_error(2, &["--listen"]);
    desk.run("hid udp --listen 192.0.2.1:0").is_error(3, &["cannot listen on"]);
    desk.write("precious", "yes");
    desk.run("hid pty --link precious").is_error(3, &["is no symbolic link", "--link"]);
    assert_eq!(fs::read_to_string(desk.path().join("precious")).unwrap(), "yes");
    desk.run("hid udp --user ask").is_error(2, &["no terminal"]);
    desk.run("hid udp --profile nonsense").is_error(2, &["there is no profile"]);
}

#[test]
fn every_exchange_is_explained() {
    let desk = Desk::new();
    let mut served = Served::start(&desk, &format!("{HID_UDP} --explain -v"));
    exchange(served.address(), &[api::SELECTION]);
    client(served.address(), async |mut remote| {
        remote.message(Channel::default(), &[0, 3, 0, 0, 0, 0, 0]).await
    });
    let stderr = served.says("U2F response\n");
    for part in ["request\n0b", "§6.9 step 1", "response\n00", "U2F message\n00030000000000"] {
        assert!(stderr.contains(part), "no {part:?} in {stderr}");
    }
}

#[test]
fn passkeys_are_changed_within_the_rules_or_by_name_against_them() {
    let desk = Desk::new();
    let synced = |arguments: &str| -> Finished { desk.run(&format!("{arguments} --profile synced-passkey")) };
    let id = synced(&format!("create {ORIGIN} --options create.json")).ok().json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let get = || {
        let data =
            synced(&format!("get {ORIGIN} --options get.json")).ok().bytes("/response/authenticatorData");
        data[32] & 0x18
    };
    assert_eq!(get(), 0x18);
    let changed = synced(&format!("passkeys set {id} --backed-up false")).ok();
    assert_eq!(changed.stdout, format!("the passkey {id}: BE 1, BS 0, last signature count 0\n"));
    assert_eq!(get(), 0x08);
    synced(&format!("passkeys set {id} --backup-eligible false"))
        .is_error(1, &["BE is fixed", "--break backup-eligibility-is-fixed"]);
    synced(&format!("passkeys set {id} --sign-count 7")).is_error(1, &["do not count"]);
    synced(&format!(
        "passkeys set {id} --backup-eligible false --backed-up true --break backup-eligibility-is-fixed"
    ))
    .is_error(1, &["BS can be 1 only with BE 1"]);
    synced(&format!(
        "passkeys set {id} --backup-eligible false --backed-up true --break backup-eligibility-is-fixed \
         --break backed-up-needs-eligibility"
    ))
    .ok();
    assert_eq!(get(), 0x10);
    synced("passkeys set AAAA --backed-up true").is_error(1, &["there is no passkey AAAA"]);
    synced(&format!("passkeys set {id}")).is_error(2, &["--sign-count"]);
    synced(&format!("passkeys set {id} --sign-count 9 --break nonsense")).is_error(2, &["there is no rule"]);

    let id = desk.run(&format!("create {ORIGIN} --options create.json")).ok().json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let count = || desk.run(&format!("get {ORIGIN} --options get.json")).ok().sign_count();
    assert_eq!(count(), 1);
    desk.run(&format!("passkeys set {id} --sign-count 41")).ok();
    assert_eq!((count(), count()), (42, 43));
    desk.run(&format!("passkeys set {id} --sign-count 1")).is_error(1, &["only goes up"]);
    let json =
        desk.run(&format!("passkeys set {id} --sign-count 1 --break counter-increases --json")).ok().json();
    assert_eq!(json["signCount"], 1);
    assert_eq!(count(), 2, "a copied authenticator");

    // What a security key keeps in the id itself has a counter all the same.
    let key = |arguments: &str| -> Finished { desk.run(&format!("{arguments} --profile security-key")) };
    let id =
        key(&format!("create {ORIGIN} --options create.json")).ok().json()["id"].as_str().unwrap().to_owned();
    let options = json!({ "challenge": "AAEC", "allowCredentials": [{ "type": "public-key", "id": id }] });
    desk.write("listed.json", &options.to_string());
    let count = || key(&format!("get {ORIGIN} --options listed.json")).ok().sign_count();
    assert_eq!(count(), 1);
    key(&format!("passkeys set {id} --sign-count 8")).ok();
    assert_eq!(count(), 9);
    key(&format!("passkeys set {id} --backed-up true")).is_error(1, &["sealed into its id"]);
}
