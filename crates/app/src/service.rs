//! Authenticators on transports, until they are interrupted.

use std::{future::Future, io, net::SocketAddr, pin::Pin};

use softhello_transport::udp;
use tokio::sync::mpsc;

use crate::{
    AppError, Event, Exit, Operation, Output,
    context::Setup,
    explained::Annotator,
    operation::Telling,
    running::{OnTransport, Running},
};

/// Serves until the transport fails.
pub(crate) async fn run(
    operation: &Operation,
    running: &Running,
    setup: &Setup,
    events: &mut (dyn FnMut(Event) + Send),
) -> Result<Output, AppError> {
    let on_transport = running.device(setup, events).await?;
    let telling = match operation {
        Operation::HidUdp { telling, .. }
        | Operation::HidPty { telling, .. }
        | Operation::CardVpcd { telling, .. } => *telling,
        _ => Telling::default(),
    };
    let mut heard = match telling {
        Telling { explain: false, steps: false } => None,
        _ => Some(on_transport.listen().await),
    };
    let (say, mut said) = mpsc::unbounded_channel();
    let mut served: Pin<Box<dyn Future<Output = AppError> + Send + '_>> = match operation {
        Operation::HidUdp { listen, lenient, .. } => Box::pin(hid_udp(*listen, *lenient, &on_transport, say)),
        #[cfg(unix)]
        Operation::HidPty { link, .. } => {
            Box::pin(unix::hid_pty(link.as_deref(), running, &on_transport, say))
        }
        #[cfg(unix)]
        Operation::CardVpcd { connect, .. } => Box::pin(unix::card_vpcd(*connect, &on_transport, say)),
        _ => {
            return Err(AppError::usage("there is no such transport on this system", "use `hid udp`"));
        }
    };
    let mut annotator = Annotator::default();
    loop {
        tokio::select! {
            biased;
            Some(event) = said.recv() => events(event),
            Some(event) = heard_of(&mut heard) => {
                let event = annotator.annotate(event);
                let wanted = event.filter(|event| match event {
                    Event::Explained { .. } => telling.explain,
                    Event::Step { .. } => telling.steps,
                    _ => false,
                });
                if let Some(event) = wanted {
                    events(event);
                }
            }
            error = &mut served => return Err(error),
        }
    }
}

type Say = mpsc::UnboundedSender<Event>;

async fn heard_of<T>(heard: &mut Option<mpsc::UnboundedReceiver<T>>) -> Option<T> {
    match heard {
        Some(heard) => heard.recv().await,
        None => std::future::pending().await,
    }
}

fn ready(address: impl Into<String>, on_transport: &OnTransport, how: &str) -> Event {
    let name = &on_transport.device.profile().ctap.name;
    let text = format!(
        "{name} {how}; from another terminal: `softhello user decline`, `softhello power-cycle`, \
         `softhello passkeys list`; Ctrl-C ends it"
    );
    Event::Ready { address: address.into(), text }
}

async fn hid_udp(listen: SocketAddr, lenient: bool, on_transport: &OnTransport, say: Say) -> AppError {
    let failed = |error: &io::Error| {
        let hint = match error.kind() {
            io::ErrorKind::AddrInUse => "another program has it: `--listen 127.0.0.1:0` picks a free port",
            _ => "`--listen` takes an address of this computer and a port, as 127.0.0.1:8111",
        };
        AppError::new(Exit::Storage, format!("cannot listen on {listen}: {error}"), hint)
    };
    let listener = match udp::Listener::bind(listen).await {
        Ok(listener) => listener,
        Err(error) => return failed(&error),
    };
    let address = match listener.address() {
        Ok(address) => address,
        Err(error) => return failed(&error),
    };
    let _ = say.send(ready(address.to_string(), on_transport, "listens for CTAPHID over UDP"));
    match listener.serve(&on_transport.device, lenient).await {
        Ok(()) => unreachable!("it serves until it fails"),
        Err(error) => failed(&error),
    }
}

#[cfg(unix)]
mod unix {
    use std::{path::Path, time::Duration};

    use softhello_transport::{pty::Terminal, vpcd::Reader};

    use super::{AppError, Event, Exit, OnTransport, Running, Say, SocketAddr, io, ready};

    pub(super) async fn hid_pty(
        link: Option<&Path>,
        running: &Running,
        on_transport: &OnTransport,
        say: Say,
    ) -> AppError {
        let failed = |error: io::Error| {
            let hint = match error.kind() {
                io::ErrorKind::AlreadyExists => "`--link` takes a path that does not exist, or an old link",
                _ => "see that /dev/pts is mounted and `--link` is in a folder of yours",
            };
            AppError::new(Exit::Storage, format!("cannot make a pseudo-terminal: {error}"), hint)
        };
        let terminal = match Terminal::open(link) {
            Ok(terminal) => terminal,
            Err(error) => return failed(error),
        };
        // It goes with the terminal, and also if a signal ends the process.
        let _leftover = link.and_then(|link| running.leave(link.to_owned()));
        let path = terminal.path().display().to_string();
        let _ =
            say.send(ready(path, on_transport, "is a device for libfido2 (CTAPHID in a pseudo-terminal)"));
        match terminal.serve(&on_transport.device).await {
            Ok(()) => unreachable!("it serves until it fails"),
            Err(error) => failed(error),
        }
    }

    /// How long until the reader is looked for again.
    const PAUSE: Duration = Duration::from_millis(250);

    /// The card is put into the reader whenever there is one.
    pub(super) async fn card_vpcd(connect: SocketAddr, on_transport: &OnTransport, say: Say) -> AppError {
        let (mut told, mut begun) = (false, false);
        loop {
            let gone = match Reader::connect(connect).await {
                Ok(reader) => {
                    if !begun {
                        let how = "is a card in the virtual reader of pcscd";
                        let _ = say.send(ready(connect.to_string(), on_transport, how));
                    } else if told {
                        let text = format!("the card is in the reader at {connect} again");
                        let _ = say.send(Event::Said { text });
                    }
                    (begun, told) = (true, false);
                    match reader.serve(&on_transport.device).await {
                        Ok(()) => unreachable!("it serves until it fails"),
                        Err(error) => error,
                    }
                }
                Err(error) if is_for_ever(&error) => {
                    return AppError::new(
                        Exit::Storage,
                        format!("cannot connect to {connect}: {error}"),
                        "`--connect` takes where vpcd listens, as 127.0.0.1:35963",
                    );
                }
                Err(error) => error,
            };
            if !told {
                told = true;
                let text = format!("waiting for a reader at {connect} (pcscd with vpcd): {gone}");
                let _ = say.send(Event::Said { text });
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn is_for_ever(error: &io::Error) -> bool {
        matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::PermissionDenied)
    }
}
