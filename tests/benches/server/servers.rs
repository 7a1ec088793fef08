//! The two servers.

use std::{
    net::SocketAddr,
    sync::{Arc, mpsc},
    thread,
};

use axum::{Json, Router, extract::State, routing::post};
use data_encoding::BASE64URL_NOPAD;
use rand::{SeedableRng as _, rngs::ChaCha20Rng};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use softhello_app::{Context, EngineKind, Executor};
use softhello_ctap::{Algorithm, PrivateKey};
use softhello_server::{Config, Server};
use tokio::runtime::{Builder, Runtime};

/// A server, and what it is asked again and again.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    /// One after the other for the connections.
    pub(crate) requests: Vec<Arc<Vec<u8>>>,
}

/// How many devices there are: one does one ceremony at a time, as a real one.
const DEVICES: usize = 16;

const TOKEN: &str = "bench";

const CREATE: &str = r#"{"origin":"https://rp.example","options":{"rp":{"name":"RP"},"user":{"id":"YWRh","name":"ada",
"displayName":"Ada"},"challenge":"AAECAwQFBgcICQoLDA0ODw","pubKeyCredParams":[{"type":"public-key","alg":-7}]}}"#;

const GET: &str = r#"{"origin":"https://rp.example","options":{"challenge":"AAECAwQFBgcICQoLDA0ODw","rpId":"rp.example","userVerification":"required"}}"#;

/// A profiler tells the threads apart by this name.
fn runtime(name: &str) -> Runtime {
    Builder::new_multi_thread().worker_threads(2).thread_name(name).enable_all().build().unwrap()
}

fn request(address: SocketAddr, path: &str, body: &str) -> Arc<Vec<u8>> {
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost:{}\r\nAuthorization: Bearer {TOKEN}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        address.port(),
        body.len()
    );
    Arc::new(request.into_bytes())
}

/// softhello on sled, with one passkey on each device.
pub(crate) fn ours() -> Target {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let folder = tempfile::tempdir().unwrap();
        let context = Context { store: Some(EngineKind::Sled), ..Context::new(folder.path().to_owned()) };
        let config = Config {
            listen: Some(([127, 0, 0, 1], 0).into()),
            token: Some(TOKEN.to_owned()),
            ..Config::default()
        };
        runtime("softhello").block_on(async {
            let traces = config.traces();
            let server = Server::bind(config).await.unwrap();
            let address = server.address();
            let serve = |devices: Arc<softhello_app::Devices>| async move {
                tell.send(address).unwrap();
                server.serve(devices, std::future::pending()).await;
                Ok(())
            };
            Executor::new(context).host(traces, &mut |_| {}, serve).await.unwrap();
        });
    });
    let address = told.recv().unwrap();
    let requests = (0..DEVICES).map(|number| {
        let device = format!(r#"{{"id":"d{number}","ephemeral":false}}"#);
        once(address, &request(address, "/api/devices", &device));
        once(address, &request(address, &format!("/api/devices/d{number}/create"), CREATE));
        request(address, &format!("/api/devices/d{number}/get"), GET)
    });
    Target { address, requests: requests.collect() }
}

fn once(address: SocketAddr, request: &[u8]) {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.write_all(request).unwrap();
    let mut answer = [0; 10];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 2");
}

/// The smallest handler: it reads the same request, signs what an assertion signs, and answers as much.
pub(crate) fn smallest() -> Target {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        runtime("smallest").block_on(async {
            let mut rng = ChaCha20Rng::seed_from_u64(1);
            let key = Arc::new(PrivateKey::generate(Algorithm::Es256, &mut rng).unwrap());
            let router = Router::new().route("/sign", post(sign)).with_state(key);
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            tell.send(listener.local_addr().unwrap()).unwrap();
            let listener =
                axum::serve::ListenerExt::tap_io(listener, |stream| stream.set_nodelay(true).unwrap());
            axum::serve(listener, router).await.unwrap();
        });
    });
    let address = told.recv().unwrap();
    Target { address, requests: vec![request(address, "/sign", GET)] }
}

async fn sign(State(key): State<Arc<PrivateKey>>, Json(request): Json<Value>) -> Json<Value> {
    let challenge = request["options"]["challenge"].as_str().unwrap();
    let client_data = format!(
        r#"{{"type":"webauthn.get","challenge":"{challenge}","origin":"https://rp.example","crossOrigin":false}}"#
    );
    let auth_data = [0; 37];
    let signature = key.sign(&[&auth_data, &Sha256::digest(&client_data)]).unwrap();
    let text = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
    Json(json!({
        "id": text(&[0; 32]),
        "rawId": text(&[0; 32]),
        "response": {
            "authenticatorData": text(&auth_data),
            "clientDataJSON": text(client_data.as_bytes()),
            "signature": text(&signature),
            "userHandle": "YWRh",
        },
        "type": "public-key",
        "clientExtensionResults": {},
        "authenticatorAttachment": "platform",
    }))
}
