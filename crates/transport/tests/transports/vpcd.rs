//! A card in a reader, from the reader's side.

use std::time::Duration;

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use softhello_ctap::{Status, api};
use softhello_device::Script;
use softhello_transport::{SharedDevice, vpcd::Reader};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::{Instant, sleep, timeout},
};

use crate::bench::{device, soon};

const SELECT: [u8; 14] = [0x00, 0xa4, 0x04, 0x00, 8, 0xa0, 0, 0, 6, 0x47, 0x2f, 0, 1, 0];
const GET_INFO: [u8; 7] = [0x80, 0x10, 0x00, 0x00, 1, api::GET_INFO, 0];
const POLLED_SELECTION: [u8; 7] = [0x80, 0x10, 0x80, 0x00, 1, api::SELECTION, 0];
const POLL: [u8; 4] = [0x80, 0x11, 0x00, 0x00];
const CANCEL: [u8; 4] = [0x80, 0x11, 0x11, 0x00];

/// The reader with a card in it.
struct Slot(TcpStream);

impl Slot {
    async fn with(device: &SharedDevice) -> Self {
        let reader = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = reader.local_addr().unwrap();
        let device = device.clone();
        tokio::spawn(async move { Reader::connect(address).await.unwrap().serve(&device).await });
        Self(soon(reader.accept()).await.unwrap().0)
    }

    /// Sends length and message apart, as vpcd does.
    async fn send(&mut self, message: &[u8]) {
        self.0.write_all(&u16::try_from(message.len()).unwrap().to_be_bytes()).await.unwrap();
        self.0.write_all(message).await.unwrap();
    }

    async fn receive(&mut self) -> Vec<u8> {
        let length = soon(self.0.read_u16()).await.unwrap();
        let mut message = vec![0; length.into()];
        soon(self.0.read_exact(&mut message)).await.unwrap();
        message
    }

    async fn transmit(&mut self, apdu: &[u8]) -> Vec<u8> {
        self.send(apdu).await;
        self.receive().await
    }

    async fn powered(device: &SharedDevice) -> Self {
        let mut slot = Self::with(device).await;
        slot.send(&[1]).await;
        assert_eq!(slot.transmit(&SELECT).await, b"U2F_V2\x90\x00");
        slot
    }
}

#[tokio::test]
async fn a_card_answers() {
    let (device, _) = device("security-key").await;
    let mut slot = Slot::with(&device).await;
    let atr = slot.transmit(&[4]).await;
    assert_eq!((atr[0], atr.len()), (0x3b, 12));
    slot.send(&[1]).await;
    assert_eq!(slot.transmit(&GET_INFO).await, [0x69, 0x85], "not selected");
    assert_eq!(slot.transmit(&SELECT).await, b"U2F_V2\x90\x00");
    let first = slot.transmit(&GET_INFO).await;
    assert_eq!((first.len(), first[0], first[256]), (258, 0, 0x61), "the rest waits for GET RESPONSE");
    let rest = slot.transmit(&[0x00, 0xc0, 0, 0, 0]).await;
    assert!(rest.len() > 2);
    assert_eq!(slot.transmit(&[0, 3, 0, 0, 0]).await, b"U2F_V2\x90\x00");
    // Off and on again it is not selected any more.
    slot.send(&[0]).await;
    slot.send(&[1]).await;
    assert_eq!(slot.transmit(&GET_INFO).await, [0x69, 0x85]);
    slot.send(&[2]).await;
    assert_eq!(slot.transmit(&SELECT).await, b"U2F_V2\x90\x00");
}

#[tokio::test]
async fn a_platform_polls_cancels_and_goes_away() {
    let (device, user) = device("security-key").await;
    user.send_replace(None);
    let mut slot = Slot::powered(&device).await;
    let began = Instant::now();
    assert_eq!(slot.transmit(&POLLED_SELECTION).await, [2, 0x91, 0], "the user is needed");
    assert!(began.elapsed() >= Duration::from_millis(50));
    assert_eq!(slot.transmit(&POLL).await, [2, 0x91, 0]);
    assert_eq!(slot.transmit(&CANCEL).await, [Status::KeepaliveCancel.code(), 0x90, 0]);
    assert_eq!(slot.transmit(&POLL).await, [0x69, 0x85]);
    // It ends between two polls.
    assert_eq!(slot.transmit(&POLLED_SELECTION).await, [2, 0x91, 0]);
    user.send_replace(Some(Script::Approve));
    sleep(Duration::from_millis(100)).await;
    assert_eq!(slot.transmit(&POLL).await, [0, 0x90, 0]);
    // A request of a platform that does not poll is answered when it has ended.
    user.send_replace(None);
    slot.send(&[0x80, 0x10, 0x00, 0x00, 1, api::SELECTION]).await;
    assert!(timeout(Duration::from_millis(200), slot.0.read_u16()).await.is_err());
    user.send_replace(Some(Script::Decline));
    assert_eq!(slot.receive().await, [Status::OperationDenied.code(), 0x90, 0]);
    // Another SELECT drops what is under way.
    user.send_replace(None);
    assert_eq!(slot.transmit(&POLLED_SELECTION).await, [2, 0x91, 0]);
    assert_eq!(slot.transmit(&SELECT).await, b"U2F_V2\x90\x00");
    assert_eq!(slot.transmit(&POLL).await, [0x69, 0x85]);
    assert_eq!(slot.transmit(&GET_INFO).await[0], 0, "and the device is free");
    // The reader is gone, and the device serves another one.
    assert_eq!(slot.transmit(&POLLED_SELECTION).await, [2, 0x91, 0]);
    drop(slot);
    let mut slot = Slot::powered(&device).await;
    assert_eq!(slot.transmit(&GET_INFO).await[0], 0);
}

#[tokio::test]
async fn power_on_is_power_up() {
    let (device, _) = device("security-key").await;
    let mut slot = Slot::powered(&device).await;
    assert_eq!(
        slot.transmit(&[0x80, 0x10, 0, 0, 1, api::RESET]).await,
        [0, 0x90, 0],
        "within ten seconds of it"
    );
    // A power cycle from beside ends what is under way with an answer, as the reader waits for one.
    let (device, user) = crate::bench::device("security-key").await;
    user.send_replace(None);
    let mut slot = Slot::powered(&device).await;
    slot.send(&[0x80, 0x10, 0x00, 0x00, 1, api::SELECTION]).await;
    assert!(timeout(Duration::from_millis(100), slot.0.read_u16()).await.is_err());
    soon(device.power_cycle()).await;
    assert_eq!(slot.receive().await, [0x6f, 0x00]);
    assert_eq!(slot.transmit(&GET_INFO).await, [0x69, 0x85]);
}

/// 10,000 APDUs without sense; each is answered, and then an honest platform is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn apdus_without_sense() {
    let (device, _) = device("security-key").await;
    let mut slot = Slot::powered(&device).await;
    let mut rng = StdRng::seed_from_u64(8);
    for _ in 0..10_000 {
        let mut apdu = vec![0; 2 + usize::from(rng.next_u32().to_le_bytes()[0])];
        rng.fill_bytes(&mut apdu);
        apdu[0] = [0x00, 0x80, 0x90, apdu[0]][usize::from(apdu[0] % 4)];
        let answer = slot.transmit(&apdu).await;
        assert!(answer.len() >= 2, "{apdu:02x?}");
    }
    assert_eq!(slot.transmit(&SELECT).await, b"U2F_V2\x90\x00");
    assert_eq!(slot.transmit(&GET_INFO).await[0], 0);
}
