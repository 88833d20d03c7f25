//! Passwords: kept as Argon2id, read where nobody can look over the shoulder.

use std::{
    io::{IsTerminal as _, Read as _},
    path::Path,
};

use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use closure_store::User;

/// A shorter one is guessed.
const CHARS_MIN: usize = 12;
/// More is no password but a file that was named by mistake.
const BYTES_MAX: u64 = 1_024;

/// A password as it is kept, with a salt of its own and the cost that the crate's authors advise.
pub fn hash(password: &str) -> Result<String, String> {
    if password.chars().count() < CHARS_MIN {
        return Err(format!("a password has at least {CHARS_MIN} characters"));
    }
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string())
        .map_err(|problem| format!("the password could not be hashed: {problem}"))
}

/// Reads a new password: twice from the terminal, or one line from a file or from standard input.
pub fn read_new(file: Option<&Path>) -> Result<String, String> {
    if file.is_none() && std::io::stdin().is_terminal() {
        let first = prompt("new password: ")?;
        let second = prompt("once more: ")?;
        return if first == second { Ok(first) } else { Err("the two are not the same".to_owned()) };
    }
    read(file.unwrap_or(Path::new("-")))
}

/// Whether somebody knows a user's password.
pub(super) fn ask(user: &User, file: Option<&Path>) -> Result<(), String> {
    let Some(kept) = &user.password_hash else {
        return Err("this user has no password; see fleet users password".to_owned());
    };
    let given = match file {
        Some(file) => read(file)?,
        None => prompt(&format!("password of {}: ", user.name))?,
    };
    if is_of(&given, kept) { Ok(()) } else { Err("the password is wrong".to_owned()) }
}

fn is_of(given: &str, kept: &str) -> bool {
    let kept = PasswordHash::new(kept);
    kept.is_ok_and(|kept| Argon2::default().verify_password(given.as_bytes(), &kept).is_ok())
}

fn prompt(words: &str) -> Result<String, String> {
    rpassword::prompt_password(words).map_err(|problem| {
        format!("no terminal to ask for the password ({problem}); name a file: --password-file FILE")
    })
}

fn read(file: &Path) -> Result<String, String> {
    let mut text = String::new();
    let read = if file.as_os_str() == "-" {
        std::io::stdin().lock().take(BYTES_MAX).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(BYTES_MAX).read_to_string(&mut text))
    };
    read.map_err(|problem| format!("{}: {problem}", file.display()))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::{hash, is_of};

    #[test]
    fn a_password_is_kept_as_argon2id_with_a_salt_of_its_own() {
        let kept = hash("a long password").expect("it is long enough");
        assert!(kept.starts_with("$argon2id$"), "{kept}");
        assert!(is_of("a long password", &kept) && !is_of("a long passwore", &kept) && !is_of("", &kept));
        assert_ne!(hash("a long password").expect("it is long enough"), kept);
        assert!(!is_of("a long password", "no hash at all"));
    }

    #[test]
    fn a_short_password_is_none() {
        hash("eleven char").expect_err("eleven characters");
        hash("비밀번호는열두글자이상임").expect("twelve characters, whatever their bytes");
    }
}
