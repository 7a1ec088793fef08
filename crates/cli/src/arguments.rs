//! The command line.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use softhello_app::{AccountKind, AppError, Ceremony, EngineKind, Operation, Rule, Secret, Telling};

use crate::{
    browser::{BrowserCommand, WebdriverArguments},
    global::{Global, User},
    input,
    serve::ServeArguments,
};

/// A software FIDO2 authenticator that behaves like Windows Hello.
///
/// For tests, never for protecting anything: its keys are files of yours.
#[derive(Parser, Debug)]
#[command(
    name = "softhello",
    version,
    propagate_version = true,
    after_help = "Examples:
  softhello demo
  curl -s https://rp.example/options | softhello create --origin https://rp.example
  softhello get --origin https://rp.example --options request.json --explain
  softhello account add ada@contoso.example --kind entra
  softhello whfb provision --account ada@contoso.example
  softhello passkeys list --account ada@contoso.example
  softhello serve                  an HTTP API and an inspector
  softhello hid udp                a security key for clients of CTAPHID over UDP
  softhello user decline           from another terminal
  softhello why already registered
  softhello scenario run whfb-conflict-retry --report conflict.html

While `serve`, `hid` or `card` runs, it carries out what else is asked in the same data directory.

Exit codes: 0 done, 1 refused, 2 wrong usage or input, 3 storage or I/O, 130 interrupted."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum CopyTarget {
    Sled,
    Redb,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Kind {
    Local,
    Msa,
    Entra,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Makes a passkey, as navigator.credentials.create() does
    #[command(
        after_help = "The options are PublicKeyCredentialCreationOptionsJSON, bare or inside {\"publicKey\": …}.
The RegistrationResponseJSON alone is on standard output.

Examples:
  softhello create --origin https://rp.example --options options.json
  softhello create --origin https://rp.example --user decline < options.json"
    )]
    Create {
        #[command(flatten)]
        ceremony: CeremonyArguments,
    },
    /// Signs in with a passkey, as navigator.credentials.get() does
    #[command(
        after_help = "The options are PublicKeyCredentialRequestOptionsJSON, bare or inside {\"publicKey\": …}.
The AuthenticationResponseJSON alone is on standard output.

Examples:
  softhello get --origin https://rp.example --options options.json
  softhello get --origin https://rp.example --credential ID < options.json"
    )]
    Get {
        #[command(flatten)]
        ceremony: CeremonyArguments,
        /// The passkey that answers; without it the newest that fits
        #[arg(long, value_name = "ID", allow_hyphen_values = true)]
        credential: Option<String>,
    },
    /// Windows accounts, each with a container of its own
    #[command(subcommand)]
    Account(AccountCommand),
    /// The PIN of Windows Hello; without one Hello cannot be used
    #[command(subcommand)]
    Pin(PinCommand),
    /// Windows Hello for Business
    #[command(subcommand)]
    Whfb(WhfbCommand),
    /// The account's Hello container
    #[command(subcommand)]
    Container(ContainerCommand),
    /// The account's passkeys
    #[command(subcommand)]
    Passkeys(PasskeysCommand),
    /// What the authenticator is and says of itself
    Info,
    /// Annotates CTAP messages, authenticator data, COSE keys and attestation objects
    #[command(after_help = "Examples:
  softhello explain 04
  jq -r .response.attestationObject response.json | softhello explain -")]
    Explain {
        /// The bytes in hexadecimal, base64 or base64url; `-` or nothing reads standard input
        #[arg(value_name = "HEX|BASE64|-", allow_hyphen_values = true)]
        input: Option<String>,
    },
    /// The store behind the containers
    #[command(subcommand)]
    Store(StoreCommand),
    /// An HTTP API, WebDriver endpoints and an inspector, until it is interrupted
    #[command(
        after_help = "Prints the address, the token and the inspector's link; with --json as the first line
{\"address\",\"token\",\"inspector\"}. Every flag is a setting of the file too, without its dashes.

Examples:
  softhello serve
  softhello serve --listen 127.0.0.1:0 --json --store memory
  softhello serve --config softhello.toml
  softhello browser launch         from another terminal: Chromium with this authenticator"
    )]
    Serve(ServeArguments),
    /// A browser with this authenticator as its platform's
    #[command(subcommand)]
    Browser(BrowserCommand),
    /// A WebDriver proxy: suites with virtual authenticators run as they are, with this authenticator
    #[command(
        after_help = "--profile makes every virtual authenticator that one, whatever the suite asks for.

Example:
  chromedriver --port=9515 &
  softhello webdriver --driver http://127.0.0.1:9515
  # in the suite: webdriver.Remote(\"http://127.0.0.1:7311\", options=…)"
    )]
    Webdriver(WebdriverArguments),
    /// The authenticator as a HID device, until it is interrupted
    #[command(subcommand)]
    Hid(HidCommand),
    /// The authenticator as a smart card, until it is interrupted
    #[command(subcommand)]
    Card(CardCommand),
    /// Replaces the user of the authenticators that run in this data directory
    #[command(after_help = "Examples:
  softhello user timeout           nobody touches it, until it is said otherwise
  softhello user approve           also the gesture that is waited for")]
    User {
        /// What the user does from now on
        what: User,
    },
    /// Cuts the power of the authenticators that run in this data directory, and gives it back
    PowerCycle,
    /// Situations that are run for real: what a person sees, what each layer says, and why
    #[command(subcommand)]
    Scenario(ScenarioCommand),
    /// Explains a code or an error text, and names the scenarios that reproduce it
    #[command(after_help = "Examples:
  softhello why 0x19
  softhello why NTE_EXISTS
  softhello why already registered
  softhello why --events exported.xml")]
    Why {
        /// A status of CTAP, an HRESULT, an exception, an event id, or a part of what a person sees
        #[arg(required_unless_present = "events", value_name = "CODE", allow_negative_numbers = true)]
        code: Vec<String>,
        /// A log that was exported, as XML from Event Viewer or as JSON
        #[arg(long, value_name = "FILE", conflicts_with = "code")]
        events: Option<PathBuf>,
    },
    /// Shows a passkey made and used, and the conflict with Windows Hello for Business, in a temporary directory
    Demo,
    /// Prints a completion script
    Completions {
        /// For this shell
        shell: Shell,
    },
}

#[derive(Args, Debug)]
pub(crate) struct CeremonyArguments {
    /// The origin of the page: scheme, host and, if not the usual one, port
    #[arg(long, value_name = "ORIGIN")]
    origin: String,
    /// The options as JSON; `-` or nothing reads standard input
    #[arg(long, value_name = "FILE|-")]
    options: Option<PathBuf>,
    /// The origin of the top frame; the page is then in a frame of another origin
    #[arg(long, value_name = "ORIGIN")]
    top_origin: Option<String>,
    /// What the RP serves at /.well-known/webauthn
    #[arg(long, value_name = "FILE")]
    related_origins: Option<PathBuf>,
    /// Shows the annotated bytes on standard error
    #[arg(long)]
    explain: bool,
}

#[derive(Subcommand, Debug)]
pub(crate) enum ScenarioCommand {
    /// Lists the built-in ones
    List,
    /// Prints one, as an example for your own
    Show {
        /// A name, or a file
        #[arg(value_name = "NAME|FILE")]
        scenario: String,
    },
    /// Runs one, and says with exit code 1 if it does not come out as expected
    #[command(after_help = "Examples:
  softhello scenario run whfb-conflict-retry
  softhello scenario run ./mine.toml --report mine.html
  softhello scenario run policy-not-propagated --logs ./logs
  softhello scenario run --all")]
    Run {
        /// A name, or a file
        #[arg(value_name = "NAME|FILE", required_unless_present = "all")]
        scenario: Option<String>,
        /// Runs all built-in ones
        #[arg(long, conflicts_with_all = ["scenario", "report", "logs"])]
        all: bool,
        /// Writes a report: HTML, Markdown or JSON by its ending
        #[arg(long, value_name = "FILE")]
        report: Option<PathBuf>,
        /// Writes every log: Windows' events as XML and JSON, the tenant's audit and sign-in log as JSON
        #[arg(long, value_name = "DIR")]
        logs: Option<PathBuf>,
    },
    /// Prints the JSON schema of scenario files, for editors
    Schema,
    /// Reads one and says whether it can be run
    Check {
        /// A name, or a file
        #[arg(value_name = "NAME|FILE")]
        scenario: String,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum AccountCommand {
    /// Adds an account with Hello set up (PIN 123456)
    Add {
        /// Its name, for Entra accounts the UPN
        name: String,
        /// Its kind
        #[arg(long, value_name = "KIND", default_value = "local")]
        kind: Kind,
        /// Without a PIN: Hello cannot be used
        #[arg(long)]
        no_pin: bool,
    },
    /// Lists the accounts
    List,
    /// Removes an account with everything it has
    Remove {
        /// Its name
        name: String,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum PinCommand {
    /// Sets the PIN, and ends a lockout
    Set {
        /// Reads the PIN from standard input instead of asking
        #[arg(long)]
        pin_stdin: bool,
    },
    /// Clears the PIN
    Clear,
}

#[derive(Subcommand, Debug)]
pub(crate) enum WhfbCommand {
    /// Puts the WHfB key of an Entra user into the account's container
    Provision {
        /// The user principal name [default: the account's name]
        #[arg(long)]
        upn: Option<String>,
    },
    /// Removes the method in the tenant, as an administrator does; the key stays
    Remove {
        /// The user principal name [default: the account's name]
        #[arg(long)]
        upn: Option<String>,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum ContainerCommand {
    /// Deletes it with everything in it, as `certutil -deleteHelloContainer` does
    Delete,
}

#[derive(Subcommand, Debug)]
pub(crate) enum PasskeysCommand {
    /// Lists them
    List,
    /// Deletes one
    Delete {
        /// Its id, as `list` shows it
        #[arg(allow_hyphen_values = true)]
        id: String,
    },
    /// Changes one: its backup flags and its counter
    #[command(
        after_help = "Rules, to be broken by name: backup-eligibility-is-fixed, backed-up-needs-eligibility, counter-increases.

Examples:
  softhello passkeys set ID --backed-up true --profile synced-passkey
  softhello passkeys set ID --sign-count 1 --break counter-increases"
    )]
    #[command(group = clap::ArgGroup::new("change").required(true).multiple(true))]
    Set {
        /// Its id, as `list` shows it
        #[arg(allow_hyphen_values = true)]
        id: String,
        /// BE
        #[arg(long, value_name = "BOOL", group = "change")]
        backup_eligible: Option<bool>,
        /// BS
        #[arg(long, value_name = "BOOL", group = "change")]
        backed_up: Option<bool>,
        /// The last signature count: the next assertion has one more
        #[arg(long, value_name = "N", group = "change")]
        sign_count: Option<u32>,
        /// A rule that may be broken; can be given several times
        #[arg(long = "break", value_name = "RULE")]
        breaking: Vec<Rule>,
    },
    /// Prints them as a neutral document, with their private keys
    Export,
    /// Takes them from such a document
    Import {
        /// The document; `-` reads standard input
        #[arg(value_name = "FILE|-")]
        file: PathBuf,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum HidCommand {
    /// On UDP: one report in a datagram, after the convention of the Solo simulation
    #[command(after_help = "Prints the address on standard output when it is ready.

Examples:
  softhello hid udp
  softhello hid udp --listen 127.0.0.1:0 --user timeout
  softhello --profile security-key-2.0 hid udp --lenient --explain
From another terminal:
  softhello user approve
  softhello power-cycle
  softhello passkeys list")]
    Udp {
        /// Where it listens; port 0 picks one
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8111")]
        listen: SocketAddr,
        /// Takes channels that no INIT gave out, as some test suites use them
        #[arg(long)]
        lenient: bool,
        /// Shows the annotated bytes of every exchange on standard error
        #[arg(long)]
        explain: bool,
    },
    /// In a pseudo-terminal, which libfido2 takes for a device
    #[command(after_help = "Prints the path on standard output when it is ready.

Examples:
  softhello hid pty --link /tmp/softhello
  fido2-token -I /tmp/softhello")]
    Pty {
        /// Makes a symbolic link to it
        #[arg(long, value_name = "PATH")]
        link: Option<PathBuf>,
        /// Shows the annotated bytes of every exchange on standard error
        #[arg(long)]
        explain: bool,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum CardCommand {
    /// In the virtual reader of pcscd (vpcd), which has to run
    #[command(
        after_help = "Prints the reader's address on standard output when the card is in it; waits for a reader, and for the next
one when it goes.

Example:
  softhello card vpcd"
    )]
    Vpcd {
        /// Where the reader listens
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:35963")]
        connect: SocketAddr,
        /// Shows the annotated bytes of every exchange on standard error
        #[arg(long)]
        explain: bool,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum StoreCommand {
    /// Copies everything into a store of another engine in the same data directory
    #[command(after_help = "Example:
  softhello store copy redb        from sled (the default) to redb
  softhello --store redb passkeys list")]
    Copy {
        /// The engine to copy to
        to: CopyTarget,
    },
    /// Looks at every record
    Check,
}

/// What is to be done.
pub(crate) enum Task {
    Operation(Box<Operation>),
    Completions(Shell),
}

impl Command {
    /// The words of the command, for whoever waits for the data directory.
    pub(crate) fn words(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create",
            Self::Get { .. } => "get",
            Self::Account(_) => "account",
            Self::Pin(_) => "pin",
            Self::Whfb(_) => "whfb",
            Self::Container(_) => "container",
            Self::Passkeys(_) => "passkeys",
            Self::Info => "info",
            Self::Explain { .. } => "explain",
            Self::Store(_) => "store",
            Self::Hid(HidCommand::Udp { .. }) => "hid udp",
            Self::Hid(HidCommand::Pty { .. }) => "hid pty",
            Self::Card(_) => "card vpcd",
            Self::User { .. } => "user",
            Self::PowerCycle => "power-cycle",
            Self::Demo => "demo",
            Self::Scenario(_) => "scenario",
            Self::Serve(_) => "serve",
            Self::Browser(_) => "browser",
            Self::Webdriver(_) => "webdriver",
            Self::Why { .. } => "why",
            Self::Completions { .. } => "completions",
        }
    }

    /// Whether the command looks at the data directory and the authenticator.
    pub(crate) fn uses_data(&self) -> bool {
        !matches!(
            self,
            Self::Explain { .. }
                | Self::Demo
                | Self::Scenario(_)
                | Self::Why { .. }
                | Self::Completions { .. }
        )
    }

    /// Reads what the command needs and makes it an operation.
    pub(crate) fn into_task(self, verbose: bool) -> Result<Task, AppError> {
        let telling = |explain| Telling { explain, steps: verbose };
        let operation = match self {
            Self::Completions { shell } => return Ok(Task::Completions(shell)),
            Self::Serve(_) | Self::Browser(_) | Self::Webdriver(_) => unreachable!("is no operation"),
            Self::Create { ceremony } => Operation::Create(ceremony.read()?),
            Self::Get { ceremony, credential } => Operation::Get { ceremony: ceremony.read()?, credential },
            Self::Account(AccountCommand::Add { name, kind, no_pin }) => {
                let kind = match kind {
                    Kind::Local => AccountKind::Local,
                    Kind::Msa => AccountKind::Msa,
                    Kind::Entra => AccountKind::Entra,
                };
                Operation::AccountAdd { name, kind, no_pin }
            }
            Self::Account(AccountCommand::List) => Operation::AccountList,
            Self::Account(AccountCommand::Remove { name }) => Operation::AccountRemove { name },
            Self::Pin(PinCommand::Set { pin_stdin }) => {
                Operation::PinSet { pin: Secret(input::pin(pin_stdin)?) }
            }
            Self::Pin(PinCommand::Clear) => Operation::PinClear,
            Self::Whfb(WhfbCommand::Provision { upn }) => Operation::WhfbProvision { upn },
            Self::Whfb(WhfbCommand::Remove { upn }) => Operation::WhfbRemove { upn },
            Self::Container(ContainerCommand::Delete) => Operation::ContainerDelete,
            Self::Passkeys(PasskeysCommand::List) => Operation::PasskeysList,
            Self::Passkeys(PasskeysCommand::Delete { id }) => Operation::PasskeysDelete { id },
            Self::Passkeys(PasskeysCommand::Set { id, backup_eligible, backed_up, sign_count, breaking }) => {
                Operation::PasskeysSet { id, backup_eligible, backed_up, sign_count, breaking }
            }
            Self::Passkeys(PasskeysCommand::Export) => Operation::PasskeysExport,
            Self::Passkeys(PasskeysCommand::Import { file }) => {
                Operation::PasskeysImport { document: Secret(input::read(Some(&file), "the document")?) }
            }
            Self::Info => Operation::Info,
            Self::Scenario(ScenarioCommand::List) => Operation::ScenarioList,
            Self::Scenario(ScenarioCommand::Show { scenario }) => {
                Operation::ScenarioShow { scenario: input::scenario(scenario)? }
            }
            Self::Scenario(ScenarioCommand::Run { scenario: Some(scenario), report, logs, .. }) => {
                Operation::ScenarioRun { scenario: input::scenario(scenario)?, report, logs }
            }
            Self::Scenario(ScenarioCommand::Run { .. }) => Operation::ScenarioRunAll,
            Self::Scenario(ScenarioCommand::Schema) => Operation::ScenarioSchema,
            Self::Scenario(ScenarioCommand::Check { scenario }) => {
                Operation::ScenarioCheck { scenario: input::scenario(scenario)? }
            }
            Self::Why { events: Some(file), .. } => Operation::WhyEvents {
                name: file.display().to_string(),
                text: input::read(Some(&file), "the log")?,
            },
            Self::Why { code, .. } => Operation::Why { code: code.join(" ") },
            Self::Explain { input: Some(input) } if input != "-" => Operation::Explain { input },
            Self::Explain { .. } => Operation::Explain { input: input::read(None, "the bytes")? },
            Self::Store(StoreCommand::Copy { to }) => Operation::StoreCopy {
                to: match to {
                    CopyTarget::Sled => EngineKind::Sled,
                    CopyTarget::Redb => EngineKind::Redb,
                },
            },
            Self::Store(StoreCommand::Check) => Operation::StoreCheck,
            Self::Hid(HidCommand::Udp { listen, lenient, explain }) => {
                Operation::HidUdp { listen, lenient, telling: telling(explain) }
            }
            Self::Hid(HidCommand::Pty { link, explain }) => Operation::HidPty {
                // Whoever carries it out may be in another folder.
                link: link.map(|link| absolute(&link)).transpose()?,
                telling: telling(explain),
            },
            Self::Card(CardCommand::Vpcd { connect, explain }) => {
                Operation::CardVpcd { connect, telling: telling(explain) }
            }
            Self::User { what } => Operation::User { user: what.into() },
            Self::PowerCycle => Operation::PowerCycle,
            Self::Demo => Operation::Demo,
        };
        Ok(Task::Operation(Box::new(operation)))
    }
}

impl CeremonyArguments {
    fn read(self) -> Result<Ceremony, AppError> {
        Ok(Ceremony {
            cross_origin: false,
            related_origins: self
                .related_origins
                .map(|file| input::read(Some(&file), "the related origins"))
                .transpose()?,
            options: input::read(self.options.as_deref(), "the options")?,
            origin: self.origin,
            top_origin: self.top_origin,
            explain: self.explain,
        })
    }
}

pub(crate) fn absolute(path: &Path) -> Result<PathBuf, AppError> {
    std::path::absolute(path).map_err(|error| AppError::io(format_args!("find {}", path.display()), &error))
}
