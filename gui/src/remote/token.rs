//! The 128 bits that let a window in, and the file that keeps them.

use std::{
    fmt, fs,
    io::{self, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    process,
};

use ring::rand::{SecureRandom, SystemRandom};
use thiserror::Error;

/// Bytes of a token.
const BYTES: usize = 16;
/// Bytes of a file that are read: a token in hexadecimal digits, and a line's end.
const MOST_READ: u64 = 64;

/// A secret. It is written in the links that the server prints for its owner, and nowhere else: neither `Debug` nor `Display` has it.
#[derive(Clone)]
pub(crate) struct Token([u8; BYTES]);

/// Why there is no token.
#[derive(Debug, Error)]
pub(crate) enum TokenError {
    /// Not 32 hexadecimal digits.
    #[error("a token is 32 hexadecimal digits")]
    NoToken,
    /// What a file holds is none.
    #[error("{0} holds no token, which is 32 hexadecimal digits: remove it, and another is made")]
    NoTokenIn(String),
    /// It is no secret.
    #[error("{path} can be read by others (mode {mode:03o}): remove it, and another token is made")]
    Readable {
        /// Which file.
        path: String,
        /// Its mode.
        mode: u32,
    },
    /// Somebody else may change it.
    #[error("{0} belongs to somebody else")]
    Foreign(String),
    /// It cannot be read or made.
    #[error("{path}: {cause}")]
    File {
        /// Which file.
        path: String,
        /// Why.
        cause: io::Error,
    },
    /// There is no folder for it.
    #[error(
        "neither XDG_CONFIG_HOME nor HOME names a folder for the token: name a file with --token-file"
    )]
    Nowhere,
    /// The system has no random numbers.
    #[error("the system gives no random numbers")]
    Random,
}

impl Token {
    /// One that nobody knows.
    ///
    /// # Errors
    /// [`TokenError::Random`]
    pub(super) fn fresh() -> Result<Self, TokenError> {
        let mut bytes = [0; BYTES];
        SystemRandom::new().fill(&mut bytes).map_err(|_| TokenError::Random)?;
        Ok(Self(bytes))
    }

    /// That of a file of the user's alone.
    ///
    /// # Errors
    /// [`TokenError`]
    pub(crate) fn of_file(path: &Path) -> Result<Self, TokenError> {
        let text = secret(path, MOST_READ)?;
        let token = String::from_utf8(text).ok().and_then(|text| text.trim().parse().ok());
        token.ok_or_else(|| TokenError::NoTokenIn(path.display().to_string()))
    }

    /// That of a file, which is made where there is none.
    ///
    /// # Errors
    /// [`TokenError`]
    pub(crate) fn of_file_or_made(path: &Path) -> Result<Self, TokenError> {
        match Self::of_file(path) {
            Err(TokenError::File { cause, .. }) if cause.kind() == io::ErrorKind::NotFound => {}
            found => return found,
        }
        let token = Self::fresh()?;
        make_secret(path, format!("{}\n", token.to_hex()).as_bytes())?;
        // Whoever made one at the same time has made it first.
        Self::of_file(path)
    }

    /// As a link has it: what is made of this is a secret too.
    pub(crate) fn to_hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::str::FromStr for Token {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        bytes_of_hex(text).map(Self).ok_or(TokenError::NoToken)
    }
}

/// So many bytes from hexadecimal digits, and nothing else.
pub(super) fn bytes_of_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, at) in bytes.iter_mut().zip((0..text.len()).step_by(2)) {
        *byte = u8::from_str_radix(&text[at..at + 2], 16).ok()?;
    }
    Some(bytes)
}

impl PartialEq for Token {
    /// In a time that says nothing of either.
    fn eq(&self, other: &Self) -> bool {
        self.0.iter().zip(other.0).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
    }
}

impl Eq for Token {}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Where secrets of this program are kept: `weftscope` in `XDG_CONFIG_HOME` or `~/.config` (XDG Base Directory Specification 0.8: a relative
/// one is ignored).
///
/// # Errors
/// [`TokenError::Nowhere`]
pub(crate) fn secrets_folder() -> Result<PathBuf, TokenError> {
    let absolute =
        |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let config = absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")));
    Ok(config.ok_or(TokenError::Nowhere)?.join("weftscope"))
}

/// What a file holds that nobody else may read, or could have written; so many bytes of it at most.
///
/// # Errors
/// [`TokenError`]
pub(super) fn secret(path: &Path, most: u64) -> Result<Vec<u8>, TokenError> {
    let named = || path.display().to_string();
    let failed = |cause| TokenError::File { path: named(), cause };
    let file = fs::File::open(path).map_err(failed)?;
    // Of what is open, not of what may stand there in a moment.
    let about = file.metadata().map_err(failed)?;
    if !about.is_file() {
        return Err(failed(io::Error::other("is no file")));
    }
    let ours = fs::metadata("/proc/self").map_err(failed)?.uid();
    if about.uid() != ours && about.uid() != 0 {
        return Err(TokenError::Foreign(named()));
    }
    let mode = about.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(TokenError::Readable { path: named(), mode });
    }
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Makes a file of mode 0600, written beside and linked: one that is there already stays, and is no error.
///
/// # Errors
/// [`TokenError::File`]
pub(super) fn make_secret(path: &Path, bytes: &[u8]) -> Result<(), TokenError> {
    let failed = |cause| TokenError::File { path: path.display().to_string(), cause };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        let mut builder = fs::DirBuilder::new();
        std::os::unix::fs::DirBuilderExt::mode(builder.recursive(true), 0o700);
        builder.create(folder).map_err(failed)?;
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.part", process::id()));
    let written = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| match fs::hard_link(&beside, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        });
    let removed = fs::remove_file(&beside);
    written.and(removed).map_err(failed)
}
