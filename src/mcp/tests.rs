use callboard_actors::ports::McpVerdict;
use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::json;

use super::answer::{TEXT_BYTES_MAX, answer};

#[test]
fn an_answer_is_text_and_what_is_none_is_told() {
    let blocks = vec![ContentBlock::text("one"), ContentBlock::image("aGk=", "image/png"), ContentBlock::text("two")];
    let told = answer(CallToolResult::success(blocks));
    assert_eq!((told.text.as_str(), told.verdict), ("one\n[a picture, image/png: file 1]\ntwo", McpVerdict::Done));
    let [picture] = &told.media[..] else { panic!("{:?}", told.media) };
    assert_eq!((picture.data.as_deref(), picture.mime.as_deref()), (Some(&b"hi"[..]), Some("image/png")));
    assert_eq!(told.details["content"], json!(["text", "image", "text"]));
    let failed = answer(CallToolResult::error(vec![ContentBlock::text("no")]));
    assert_eq!((failed.text.as_str(), failed.verdict), ("no", McpVerdict::Failed));
    assert_eq!(answer(CallToolResult::success(Vec::new())).text, "(no text)");
}

#[test]
fn an_answer_is_cut_to_its_bound() {
    let long = answer(CallToolResult::success(vec![ContentBlock::text("ä".repeat(TEXT_BYTES_MAX))]));
    assert!(long.text.len() < TEXT_BYTES_MAX + 64 && long.text.ends_with("[cut: the answer was longer]"));
    assert_eq!(long.details["truncated"], true);
    let many = answer(CallToolResult::success(vec![ContentBlock::text("x".repeat(1_000)); 2_000]));
    assert!(many.text.len() < TEXT_BYTES_MAX + 2_000);
    let structured = answer(CallToolResult::structured(json!({ "big": "x".repeat(TEXT_BYTES_MAX + 1) })));
    assert!(structured.details["structuredContent"].is_null() && structured.text.len() < TEXT_BYTES_MAX + 64);
}

#[test]
fn pictures_that_are_none_or_too_many_are_told_and_left_out() {
    let bad = answer(CallToolResult::success(vec![ContentBlock::image("*", "image/png")]));
    assert!(bad.media.is_empty() && bad.text.contains("left out: invalid base64 content"), "{}", bad.text);
    let many = answer(CallToolResult::success(vec![ContentBlock::image("aGk=", "image/png"); 12]));
    assert_eq!(many.media.len(), 10);
    assert!(many.text.ends_with("[a picture, image/png: left out, since an answer may have 10]"), "{}", many.text);
}
