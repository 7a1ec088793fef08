//! Accounts of a computer, kept as documents of the store's directory.

use std::{collections::BTreeMap, fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::WindowsError;

/// The kind of a Windows account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AccountKind {
    /// Known to this computer only.
    #[default]
    Local,
    /// A Microsoft account.
    Msa,
    /// A work or school account of Microsoft Entra ID.
    Entra,
}

impl fmt::Display for AccountKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Local => "local",
            Self::Msa => "msa",
            Self::Entra => "entra",
        })
    }
}

impl FromStr for AccountKind {
    type Err = WindowsError;

    fn from_str(name: &str) -> Result<Self, WindowsError> {
        match name {
            "local" => Ok(Self::Local),
            "msa" => Ok(Self::Msa),
            "entra" => Ok(Self::Entra),
            _ => Err(WindowsError::UnknownKind { name: name.to_owned() }),
        }
    }
}

/// A WHfB key of an Entra user in an account's container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whfb {
    /// The user principal name.
    pub upn: String,
    /// Whether the tenant still lists the method. If not, the key is only left over on the computer.
    pub in_tenant: bool,
}

/// An account of a computer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: AccountKind,
    /// WHfB keys that were put into its container.
    #[serde(default)]
    pub whfb: Vec<Whfb>,
    /// How many containers of each kind the account had before the one it has now.
    #[serde(default)]
    pub(crate) incarnations: BTreeMap<String, u32>,
}

/// The longest name of an account in bytes; a UPN has at most 113 characters.
const MAX_NAME: usize = 256;

impl Account {
    /// A new account.
    ///
    /// # Errors
    ///
    /// [`WindowsError::Name`] if the name is empty, longer than 256 bytes, or has control characters.
    pub(crate) fn new(name: &str, kind: AccountKind) -> Result<Self, WindowsError> {
        check_name(name)?;
        Ok(Self { name: name.to_owned(), kind, whfb: Vec::new(), incarnations: BTreeMap::new() })
    }

    /// Its key of this UPN, ignoring case.
    pub fn whfb_of(&self, upn: &str) -> Option<&Whfb> {
        self.whfb.iter().find(|key| same_name(&key.upn, upn))
    }
}

pub(crate) fn check_name(name: &str) -> Result<(), WindowsError> {
    if name.is_empty() || name.len() > MAX_NAME || name.chars().any(char::is_control) {
        return Err(WindowsError::Name { name: name.chars().take(40).collect() });
    }
    Ok(())
}

/// Whether two user names are the same to Windows and Entra: case does not count.
pub(crate) fn same_name(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}
