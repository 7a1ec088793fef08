//! A process that works on a store until it is killed, or looks at what another one left. `tests/tests/crash.rs` starts
//! it.
//!
//! `work DIR ENGINE ROUNDS` registers and signs in with several devices at once and prints a line for every answer that
//! it was given, after it was given: `registered ACCOUNT RP ID` and `signed-in ACCOUNT ID COUNT`. `inspect DIR ENGINE`
//! prints `readable ID` or `unreadable ID REASON` for every credential, `sound` or `damaged NUMBER`, or `closed REASON`
//! if the store does not open.
#![forbid(unsafe_code)]

use std::{
    error::Error,
    io::{Write as _, stdout},
    path::Path,
    sync::Arc,
    thread,
};

use data_encoding::HEXLOWER;
use pollster::block_on;
use softhello_ctap::{Authenticator as _, Channel, CredentialId, Query};
use softhello_device::{Device, DeviceProfile, Pin, container_id, create_container, set_pin};
use softhello_storage::{ContainerId, DeviceKey, EngineKind, Store, StoreError, open};
use softhello_tests::{get_assertion, make_credential};

type Result<T = ()> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["work", dir, engine, rounds] => work(Path::new(dir), engine.parse()?, rounds.parse()?),
        ["inspect", dir, engine] => inspect(Path::new(dir), engine.parse()?),
        _ => Err("see the source".into()),
    }
}

/// Two accounts, each with two devices at work at the same time.
const ACCOUNTS: [&str; 2] = ["ada", "grace"];
const DEVICES: u32 = 2;

fn work(dir: &Path, engine: EngineKind, rounds: u32) -> Result {
    let store = open(engine, dir, DeviceKey::load_or_create(dir)?)?;
    let mut profile = DeviceProfile::windows_hello_software();
    // Two devices at one container lower each other's attempts: at 5 they block each other on a busy machine.
    profile.ctap.max_uv_retries = 25;
    let profile = Arc::new(profile);
    let pin = Pin::try_from("123456")?;
    thread::scope(|scope| -> Result {
        let mut threads = Vec::new();
        for account in ACCOUNTS {
            let container = container_id(account, &profile.container, 0);
            match block_on(create_container(&store, container, &profile, Some(&pin), None)) {
                // Each kill in the middle of a verification costs an attempt; a new PIN gives them back.
                Err(StoreError::ContainerExists(_)) => {
                    block_on(set_pin(&store, container, &profile, Some(&pin)))?;
                }
                made => made?,
            }
            for device in 0..DEVICES {
                let worker = Worker {
                    account,
                    rp_id: format!("rp{device}.example"),
                    device: Device::new(Arc::clone(&store), container, Arc::clone(&profile)),
                    store: &*store,
                    container,
                };
                threads.push(scope.spawn(move || worker.run(rounds)));
            }
        }
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| "a worker panicked")?)
    })?;
    Ok(store.close()?)
}

/// One device, and the RP that only it uses.
struct Worker<'a> {
    account: &'static str,
    rp_id: String,
    device: Device,
    store: &'a dyn Store,
    container: ContainerId,
}

impl Worker<'_> {
    fn run(mut self, rounds: u32) -> Result {
        let (account, rp_id) = (self.account, self.rp_id.clone());
        for round in 0..rounds {
            // A user that an earlier process registered would be replaced.
            let user = block_on(self.store.count(self.container))?;
            let user = format!("{}-{round}-{user}", std::process::id());
            self.exchange(&make_credential(&rp_id, user.as_bytes(), &user))?;
            let known = block_on(self.store.find(self.container, Query::Rp(&rp_id)))?;
            let newest = known.first().ok_or("what was registered is not found")?;
            acknowledge(format_args!("registered {account} {rp_id} {}", hex(&newest.id)))?;
            for handle in [newest, newest].into_iter().chain(known.iter().skip(1).take(2)) {
                let response = self.exchange(&get_assertion(&rp_id, Some(handle.id.as_bytes())))?;
                let count = sign_count(&response).ok_or("there is no authData")?;
                acknowledge(format_args!("signed-in {account} {} {count}", hex(&handle.id)))?;
            }
        }
        Ok(())
    }

    fn exchange(&mut self, request: &[u8]) -> Result<Vec<u8>> {
        let exchange = block_on(self.device.exchange(Channel::default(), request));
        match exchange.cause {
            None => Ok(exchange.response),
            Some(denied) => Err(denied.to_string().into()),
        }
    }
}

/// The count in an assertion: authData is a byte string of 37 bytes, rpIdHash ‖ flags ‖ signCount.
fn sign_count(response: &[u8]) -> Option<u32> {
    let at = response.windows(3).position(|bytes| bytes == [0x02, 0x58, 37])?;
    Some(u32::from_be_bytes(*response.get(at + 3 + 33..)?.first_chunk()?))
}

/// One write for one line, so that a kill leaves whole lines.
fn acknowledge(line: std::fmt::Arguments<'_>) -> Result {
    let line = format!("{line}\n");
    let mut out = stdout().lock();
    out.write_all(line.as_bytes())?;
    Ok(out.flush()?)
}

fn inspect(dir: &Path, engine: EngineKind) -> Result {
    let store = match open(engine, dir, DeviceKey::load_or_create(dir)?) {
        Ok(store) => store,
        Err(error) => return acknowledge(format_args!("closed {error}")),
    };
    let profile = DeviceProfile::windows_hello_software();
    for account in ACCOUNTS {
        let container = container_id(account, &profile.container, 0);
        match block_on(store.find(container, Query::All)) {
            Err(error) => acknowledge(format_args!("unreadable {account} {error}"))?,
            Ok(handles) => {
                for handle in handles {
                    let id = hex(&handle.id);
                    match block_on(store.load(container, &handle.id)) {
                        Ok(_) => acknowledge(format_args!("readable {id}"))?,
                        Err(error) => acknowledge(format_args!("unreadable {id} {error}"))?,
                    }
                }
            }
        }
    }
    match block_on(store.check()) {
        Ok(report) if report.is_sound() => acknowledge(format_args!("sound"))?,
        Ok(report) => acknowledge(format_args!("damaged {}", report.damaged.len()))?,
        Err(error) => acknowledge(format_args!("unreadable all {error}"))?,
    }
    // A damaged store may be unable to take the counters back; it says so.
    if let Err(error) = store.close() {
        acknowledge(format_args!("unclosed {error}"))?;
    }
    Ok(())
}

fn hex(id: &CredentialId) -> String {
    HEXLOWER.encode(id.as_bytes())
}
