//! `softhello demo`: a passkey made and used, and the conflict with Windows Hello for Business, byte by byte.

use std::sync::mpsc;

use serde_json::json;
use softhello_ctap::Event as DeviceEvent;
use softhello_storage::{DeviceKey, EngineKind};
use softhello_webauthn::{Client, CreationOptions, RequestOptions};
use softhello_windows::rp::{self, Registration, RelyingParty};
use softhello_windows::{Chain, Computer};
use uuid::Uuid;

use crate::{AppError, Event, Exit, Output, explained};

/// Who the demonstration is about.
const UPN: &str = "ada@contoso.example";

pub(crate) async fn run(events: &mut (dyn FnMut(Event) + Send)) -> Result<Output, AppError> {
    let folder = tempfile::tempdir().map_err(|error| AppError::io("make a temporary folder", &error))?;
    let store =
        softhello_storage::open(EngineKind::Sled, folder.path(), DeviceKey::load_or_create(folder.path())?)?;
    let mut demo = Demo { computer: Computer::new(store), events };
    let (aaguid, counts) = demo.passkey().await?;
    let chain = demo.conflict().await?;
    demo.computer.store().close()?;
    let text = format!(
        "AAGUID: {aaguid} (Windows Hello Software Authenticator)\n\
         registered with attestation none, signed in with the counts {} and {}, and refused: {chain}",
        counts[0], counts[1]
    );
    Ok(Output::new(json!({ "aaguid": aaguid, "signCounts": counts, "conflict": chain }), text))
}

struct Demo<'a> {
    computer: Computer,
    events: &'a mut (dyn FnMut(Event) + Send),
}

impl Demo<'_> {
    fn say(&mut self, text: impl Into<String>) {
        (self.events)(Event::Said { text: text.into() });
    }

    /// A registration and two sign-ins at a relying party that an independent library verifies.
    async fn passkey(&mut self) -> Result<(Uuid, [u32; 2]), AppError> {
        let mut rp = RelyingParty::new("rp.example.com").map_err(rp_failed)?;
        let client = Client::new(&rp.origin())?;

        self.say(format!("1. A passkey for {UPN} at {}", rp.origin()));
        let request = Registration { algorithms: &[-257, -7], attestation: "none" };
        let options = rp.creation_options(UPN, request).map_err(rp_failed)?;
        let (mut device, heard) = self.device().await?;
        let options = CreationOptions::from_json(&options)?;
        let response = client.create(&mut device, &options).await?.to_json();
        self.explain(&heard);
        let registered = rp.register(&response).map_err(rp_failed)?;
        let aaguid = Uuid::from_bytes(registered.aaguid);
        self.say(format!(
            "   verified by an independent library: format {}, algorithm {}, AAGUID {aaguid}, count {}",
            registered.format, registered.algorithm, registered.sign_count
        ));

        let mut counts = [0; 2];
        for (count, title) in counts.iter_mut().zip(["2. Signing in", "3. Signing in again"]) {
            self.say(title);
            let options = rp.request_options(None).map_err(rp_failed)?;
            let options = RequestOptions::from_json(&options)?;
            let response = client.get(&mut device, &options).await?.to_json();
            self.explain(&heard);
            let signed_in = rp.sign_in(&response).map_err(rp_failed)?;
            *count = signed_in.sign_count;
            self.say(format!("   verified: {} with the count {count}", signed_in.user_name));
        }
        Ok((aaguid, counts))
    }

    /// Windows Hello for Business in the same container, and a passkey for the same user refused.
    async fn conflict(&mut self) -> Result<String, AppError> {
        let account = Computer::DEFAULT_ACCOUNT;
        self.computer.provision_whfb(account, UPN).await?;
        self.say(format!("4. Windows Hello for Business is provisioned for {UPN} in the same container"));
        let client = Client::new("https://login.microsoft.com")?;
        let options = json!({
            "rp": { "id": "login.microsoft.com", "name": "Microsoft" },
            "user": { "id": "T0IxOmRlbW8", "name": UPN.to_uppercase(), "displayName": "Ada" },
            "challenge": "c29mdGhlbGxv",
            "pubKeyCredParams": [{ "type": "public-key", "alg": -7 }, { "type": "public-key", "alg": -257 }],
        });
        let options = CreationOptions::from_json(&options.to_string())?;
        let (mut device, heard) = self.device().await?;
        self.say(format!("5. A passkey for {} at login.microsoft.com", UPN.to_uppercase()));
        let failure = client.create(&mut device, &options).await;
        self.explain(&heard);
        let Err(failure) = failure else {
            return Err(fault("the conflict did not happen"));
        };
        let chain = Chain::of(&failure).map(|chain| chain.to_string()).unwrap_or_default();
        self.say(format!("   refused: {failure}\n   {chain}"));
        self.computer.remove_whfb(account, UPN).await?;
        client.create(&mut device, &options).await?;
        self.explain(&heard);
        self.say("6. The method was removed in the tenant: the same passkey is made. Both are listed:");
        let passkeys = self.computer.passkeys(account).await?;
        if let Some(text) = crate::passkeys::list(account, &self.computer.profile().ctap.name, &passkeys).text
        {
            self.say(text);
        }
        Ok(chain)
    }

    async fn device(&self) -> Result<(softhello_device::Device, mpsc::Receiver<DeviceEvent>), AppError> {
        let (tell, heard) = mpsc::channel();
        let device = self.computer.device(Computer::DEFAULT_ACCOUNT).await?.with_listener(move |event| {
            // The demonstration may have ended already.
            let _ = tell.send(event);
        });
        Ok((device, heard))
    }

    fn explain(&mut self, heard: &mpsc::Receiver<DeviceEvent>) {
        for event in explained::exchanged(heard.try_iter()) {
            (self.events)(event);
        }
    }
}

fn rp_failed(error: rp::RpError) -> AppError {
    fault(&error.to_string())
}

fn fault(reason: &str) -> AppError {
    AppError::new(Exit::Refused, reason, "this is a fault of softhello: please report it")
}
