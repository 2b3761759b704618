//! The messages that the load driver sends, and how it knows their answers.

/// How large each is, bytes.
pub const MESSAGE_BYTES: usize = 300;
/// How many digits a number has.
const DIGITS: usize = 10;
/// Stands before the text in the platform's messages and in the gateway's.
const TEXT: &[u8] = b"\"content\":\"";

/// Returns the message of a number from a chat, [`MESSAGE_BYTES`] long.
pub fn message(run: &str, number: usize, chat: usize) -> Vec<u8> {
    let tail = format!(
        "\",\"robotId\":\"wxid_robot\",\"senderId\":\"wxid_{chat:06}\",\"messageId\":\"{run}-{number:0DIGITS$}\",\"isGroup\":false}}"
    );
    let mut message = format!("{{\"content\":\"{number:0DIGITS$} ");
    let padding = MESSAGE_BYTES - message.len() - tail.len();
    message.extend("says what has been said before ".chars().cycle().take(padding));
    message.push_str(&tail);
    message.into_bytes()
}

/// Returns the number in an answer: the text comes back as it went.
pub fn number_of(answer: &[u8]) -> Option<usize> {
    let at = answer.windows(TEXT.len()).position(|window| window == TEXT)? + TEXT.len();
    std::str::from_utf8(answer.get(at..at + DIGITS)?).ok()?.parse().ok()
}
