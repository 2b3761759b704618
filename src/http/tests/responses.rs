//! OpenResponses.

use callboard_actors::message::{
    Code, Delta, Role, Said, ToolCall, ToolChoice, ToolResult, ToolRound, TurnEnd, TurnFailure, Usage,
};
use callboard_actors::ports::{SessionRow, SessionTraits};
use serde_json::{Value, json};

use super::client::{Answer, TOKEN, post, request};
use super::doubles::Asked;
use super::rig::{Rig, end};
use crate::http::ByAddress;

const PATH: &str = "/v1/responses";

fn text(text: &str) -> Delta {
    Delta::Text { text: text.into() }
}

fn failed() -> Delta {
    Delta::Failed(TurnFailure { code: Code::ProviderBusy, message: "the provider is busy".into() })
}

fn ended(finish_reason: &str, calls: Vec<ToolCall>) -> Delta {
    let usage = Usage { cache_read: 7, ..Usage::tokens(3, 2) };
    Delta::End(TurnEnd { finish_reason: finish_reason.into(), calls, usage })
}

fn call(id: &str) -> ToolCall {
    ToolCall { id: id.into(), name: "clock".into(), args: json!({ "zone": "utc" }) }
}

/// Reads the events of a stream: their names have to repeat their types, and their numbers to count from 0.
fn events(answer: &Answer) -> Vec<Value> {
    let lines: Vec<_> = answer.body.split("\n\n").filter(|event| !event.is_empty()).collect();
    let (last, events) = lines.split_last().unwrap();
    assert_eq!(*last, "data: [DONE]");
    let read = |(number, event): (usize, &&str)| {
        let (name, data) = event.strip_prefix("event: ").unwrap().split_once("\ndata: ").unwrap();
        let data: Value = serde_json::from_str(data).unwrap();
        assert_eq!((&data["type"], &data["sequence_number"]), (&json!(name), &json!(number)), "{event}");
        data
    };
    events.iter().enumerate().map(read).collect()
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap().strip_prefix("response.").unwrap()).collect()
}

async fn asked(rig: &Rig, body: &Value) -> Asked {
    let answer = post(rig.at, PATH, &body.to_string()).await;
    assert_eq!(answer.status, 200, "{body}: {}", answer.body);
    rig.switchboard.asked.lock().unwrap().pop().unwrap()
}

#[actix_web::test]
async fn a_whole_answer_has_the_known_form() {
    let rig = Rig::new().await;
    rig.play(|_| vec![text("Hello "), text("there"), ended("stop", Vec::new())]);
    let body =
        json!({ "model": "gpt-5", "input": "Hello there", "metadata": { "a": "b" }, "store": true, "truncation": "auto" });
    let answer = post(rig.at, PATH, &body.to_string()).await.json();
    assert_eq!(
        (&answer["object"], &answer["status"], &answer["model"]),
        (&json!("response"), &json!("completed"), &json!("gpt-5"))
    );
    assert!(answer["id"].as_str().unwrap().starts_with("resp_"));
    assert_eq!((&answer["metadata"], &answer["error"]), (&json!({ "a": "b" }), &Value::Null));
    let item = &answer["output"][0];
    assert!(item["id"].as_str().unwrap().starts_with("msg_"));
    assert_eq!((&item["type"], &item["role"], &item["status"]), (&json!("message"), &json!("assistant"), &json!("completed")));
    assert_eq!(item["content"], json!([{ "type": "output_text", "text": "Hello there", "annotations": [] }]));
    let usage = &answer["usage"];
    assert_eq!((&usage["input_tokens"], &usage["output_tokens"], &usage["total_tokens"]), (&json!(10), &json!(2), &json!(12)));
    assert_eq!(usage["input_tokens_details"]["cached_tokens"], 7);
    rig.play(|_| vec![text("Hel"), ended("length", Vec::new())]);
    let answer = post(rig.at, PATH, &body.to_string()).await.json();
    assert_eq!(
        (&answer["status"], &answer["incomplete_details"]["reason"]),
        (&json!("incomplete"), &json!("max_output_tokens"))
    );
    rig.stop().await;
}

#[actix_web::test]
async fn a_streamed_answer_is_told_step_by_step() {
    let rig = Rig::new().await;
    let body = json!({ "stream": true, "input": "a \"b\" \u{1F600}" });
    let answer = post(rig.at, PATH, &body.to_string()).await;
    assert_eq!(answer.header("content-type"), Some("text/event-stream; charset=utf-8"));
    let told = events(&answer);
    let expected = [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ];
    assert_eq!(kinds(&told), expected);
    let said: String = told.iter().filter_map(|event| event["delta"].as_str()).collect();
    assert_eq!((said.as_str(), &told[7]["text"]), ("a \"b\" \u{1F600}", &json!("a \"b\" \u{1F600}")));
    let (first, last) = (&told[0]["response"], &told[10]["response"]);
    assert_eq!((&first["status"], &first["output"], &first["id"]), (&json!("in_progress"), &json!([]), &last["id"]));
    assert_eq!(
        (&last["status"], &last["output"][0], &last["usage"]["total_tokens"]),
        (&json!("completed"), &told[9]["item"], &json!(5))
    );
    assert!(told[2..10].iter().all(|event| event["output_index"] == 0));
    rig.play(|_| vec![end()]);
    let told = events(&post(rig.at, PATH, &body.to_string()).await);
    assert_eq!(told.last().unwrap()["response"]["output"][0]["content"][0]["text"], "", "an empty answer is an answer");
    rig.stop().await;
}

#[actix_web::test]
async fn a_failure_has_its_status_until_something_was_streamed() {
    let rig = Rig::new().await;
    rig.play(|_| vec![failed()]);
    for stream in [false, true] {
        let body = json!({ "stream": stream, "input": "x" }).to_string();
        assert_eq!(post(rig.at, PATH, &body).await.error(503, "provider_busy")["message"], "the provider is busy");
    }
    let cases = [(vec![text("half "), failed()], "provider_busy"), (vec![text("half ")], "unavailable")];
    for (deltas, code) in cases {
        rig.play(move |_| deltas.clone());
        post(rig.at, PATH, &json!({ "input": "x" }).to_string()).await.error(503, code);
        let told = events(&post(rig.at, PATH, &json!({ "stream": true, "input": "x" }).to_string()).await);
        let last = told.last().unwrap();
        assert_eq!((&last["type"], &last["response"]["status"]), (&json!("response.failed"), &json!("failed")));
        assert_eq!(last["response"]["error"]["code"], code);
        assert_eq!(last["response"]["output"][0]["content"][0]["text"], "half ");
    }
    rig.change(|settings| settings.responses_enabled = false);
    post(rig.at, PATH, &json!({ "input": "x" }).to_string()).await.error(404, "not_found");
    rig.stop().await;
}

#[actix_web::test]
async fn items_become_instructions_and_one_question() {
    let rig = Rig::new().await;
    rig.change(|settings| settings.responses.pictures.by_address = ByAddress::Told);
    let file = json!({ "type": "input_file", "source": { "type": "base64", "media_type": "text/plain; charset=utf-8", "data": "aGk8L2ZpbGU+", "filename": "a\"b.txt" } });
    let flat = json!({ "type": "input_file", "filename": "c.csv", "file_data": "data:text/csv;base64,MSwy" });
    let cases = [
        (json!("q"), None, "q", 0),
        (json!([{ "role": "user", "content": "q" }]), None, "q", 0),
        (
            json!([
                { "type": "message", "role": "developer", "content": "s" },
                { "type": "message", "role": "user", "content": [{ "type": "input_text", "text": "u1" }] },
                { "type": "reasoning", "summary": [] },
                { "type": "message", "role": "assistant", "content": [{ "type": "output_text", "text": "a1" }] },
                { "type": "item_reference", "id": "msg_1" },
                { "type": "message", "role": "user", "content": [
                    { "type": "input_text", "text": "u2" }, { "type": "input_text", "text": "more" },
                    { "type": "input_image", "source": { "type": "url", "url": "https://x.test/a.png" } },
                    { "type": "input_image", "image_url": "https://x.test/b.png" }
                ] }
            ]),
            Some("s\n\nWhat was said before:\nUser: u1\nAssistant: a1"),
            "u2\nmore",
            2,
        ),
        (
            json!([{ "role": "user", "content": [file, flat] }]),
            Some("<file name=\"a_b.txt\">\nhi<\\/file>\n</file>\n\n<file name=\"c.csv\">\n1,2\n</file>"),
            "The user sent files.",
            0,
        ),
    ];
    for (input, system, question, media) in cases {
        let got = asked(&rig, &json!({ "input": input })).await;
        assert_eq!((got.system.as_deref(), &*got.text, got.media.len()), (system, question, media), "{input}");
        assert!(got.before.is_empty() && got.rounds.is_empty(), "{input}");
    }
    let body = json!({
        "input": "q", "instructions": "Be brief.", "max_output_tokens": 9, "temperature": 0.5, "reasoning": { "effort": "low" },
        "text": { "format": { "type": "json_schema", "name": "n", "schema": {}, "strict": true } }
    });
    let got = asked(&rig, &body).await;
    assert_eq!(got.system.as_deref(), Some("Be brief."));
    let form = json!({ "type": "json_schema", "json_schema": { "name": "n", "schema": {}, "strict": true } });
    let sampling = got.sampling;
    assert_eq!(
        (sampling.max_completion_tokens, sampling.temperature, sampling.response_format),
        (Some(9), Some(0.5), Some(form))
    );
    assert_eq!(sampling.reasoning_effort.as_deref(), Some("low"));
    rig.stop().await;
}

#[actix_web::test]
async fn wrong_requests_name_what_is_wrong() {
    let rig = Rig::new().await;
    let user = |part: Value| json!({ "input": [{ "role": "user", "content": [part] }] });
    let made = json!({ "type": "function_call", "call_id": "c", "name": "n", "arguments": "{}" });
    let result = json!({ "type": "function_call_output", "call_id": "c", "output": "o" });
    let file = |mime: &str, data: &str| json!({ "type": "input_file", "source": { "type": "base64", "media_type": mime, "data": data } });
    let cases = [
        (json!({}), "input"),
        (json!({ "input": 7 }), "input"),
        (json!({ "input": [] }), "input"),
        (json!({ "input": " " }), "input"),
        (json!({ "input": "x", "zzz": 1 }), "zzz"),
        (json!({ "input": "x", "background": true }), "background"),
        (json!({ "input": "x", "conversation": "c" }), "conversation"),
        (json!({ "input": "x", "stream": "yes" }), "stream"),
        (json!({ "input": "x", "max_output_tokens": 0 }), "max_output_tokens"),
        (json!({ "input": "x", "reasoning": { "effort": "very hard" } }), "reasoning.effort"),
        (json!({ "input": "x", "text": { "format": { "type": 7 } } }), "text.format"),
        (json!({ "input": "x", "tools": [{ "type": "web_search" }] }), "tools[0].type"),
        (json!({ "input": "x", "tool_choice": "required" }), "tool_choice"),
        (json!({ "input": [7] }), "input[0]"),
        (json!({ "input": [{ "role": "wizard", "content": "x" }] }), "input[0].role"),
        (json!({ "input": [{ "content": "x" }] }), "input[0].role"),
        (json!({ "input": [{ "type": "computer_call" }] }), "input[0].type"),
        (json!({ "input": [{ "role": "user", "content": 7 }] }), "input[0].content"),
        (user(json!({ "type": "input_audio" })), "input[0].content[0].type"),
        (user(json!({ "type": "input_image", "image_url": "data:image/png;base64,A" })), "input[0].content[0].image_url"),
        (user(json!({ "type": "input_image", "image_url": "file:///etc/passwd" })), "input[0].content[0].image_url"),
        (
            user(json!({ "type": "input_file", "source": { "type": "url", "url": "http://x.test" } })),
            "input[0].content[0].source",
        ),
        (user(file("application/pdf", "AA==")), "input[0].content[0].source"),
        (user(file("text/plain", "?")), "input[0].content[0].source"),
        (user(file("text/plain", "/w==")), "input[0].content[0].source"),
        (json!({ "input": [{ "role": "user", "content": "x" }, made.clone()] }), "input"),
        (json!({ "input": [made.clone(), { "role": "user", "content": "x" }] }), "input[1]"),
        (json!({ "input": [{ "role": "user", "content": "x" }, result.clone()] }), "input[1].call_id"),
        (json!({ "input": [{ "role": "user", "content": "x" }, made, result.clone(), result] }), "input[3].call_id"),
    ];
    for (body, param) in cases {
        let error = post(rig.at, PATH, &body.to_string()).await.error(400, "invalid_request");
        assert_eq!((&error["param"], &error["type"]), (&json!(param), &json!("invalid_request_error")), "{body} {error}");
    }
    let missing = json!({ "input": "x", "previous_response_id": "resp_of_another_life" });
    let error = post(rig.at, PATH, &missing.to_string()).await.error(404, "not_found");
    assert_eq!(error["param"], "previous_response_id");
    assert!(rig.switchboard.asked.lock().unwrap().is_empty());
    rig.stop().await;
}

#[actix_web::test]
async fn sessions_are_chosen_as_the_reference_says() {
    let rig = Rig::new().await;
    let bearer = format!("Bearer {TOKEN}");
    let cases = [
        (None, json!({}), "agent:main:openresponses:"),
        (None, json!({ "user": "Ann" }), "agent:main:openresponses-user:ann"),
        (Some(("x-openclaw-session-key", "agent:main:main")), json!({ "user": "Ann" }), "agent:main:main"),
    ];
    for (header, extra, wanted) in cases {
        let mut body = json!({ "input": "x" });
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let headers: Vec<_> = header.into_iter().chain([("authorization", bearer.as_str())]).collect();
        assert_eq!(request(rig.at, "POST", PATH, &headers, &body.to_string()).await.status, 200);
        let session = rig.switchboard.asked.lock().unwrap().pop().unwrap().session;
        assert!(
            if wanted.ends_with(':') { session.as_str().starts_with(wanted) } else { session.as_str() == wanted },
            "{session}"
        );
    }
    rig.stop().await;
}

/// Writes what the session of the last question leaves in the store.
pub(super) fn write_down(rig: &Rig, asked: &Asked) {
    rig.store.sessions.lock().unwrap().push(SessionRow {
        key: asked.session.clone(),
        id: uuid::Uuid::nil(),
        updated_ms: 0,
        entries: 2,
        usage: Usage::default(),
        compactions: 0,
        reply_to: None,
        traits: SessionTraits::default(),
    });
}

#[actix_web::test]
async fn a_request_goes_on_after_an_earlier_answer_in_its_session() {
    let rig = Rig::new().await;
    rig.change(|settings| settings.agents = vec!["main".into(), "ops".into()]);
    for stream in [false, true] {
        let body = json!({ "input": "one", "stream": stream });
        let answer = post(rig.at, PATH, &body.to_string()).await;
        let id = if stream { events(&answer)[0]["response"]["id"].clone() } else { answer.json()["id"].clone() };
        let first = rig.switchboard.asked.lock().unwrap().pop().unwrap();
        write_down(&rig, &first);
        let second = asked(&rig, &json!({ "input": "two", "previous_response_id": id })).await;
        assert_eq!((second.session, &*second.text, second.system), (first.session, "two", None));
        let other = json!({ "input": "two", "previous_response_id": id, "model": "callboard:ops" });
        let error = post(rig.at, PATH, &other.to_string()).await.error(400, "invalid_request");
        assert_eq!(error["param"], "previous_response_id");
    }
    rig.stop().await;
}

#[actix_web::test]
async fn tools_of_the_client_are_called_and_gone_on_after() {
    let rig = Rig::new().await;
    let flat = json!([{ "type": "function", "name": "clock", "description": "tells", "parameters": {}, "strict": true }]);
    let nested = json!([{ "type": "function", "function": { "name": "clock", "description": "tells", "parameters": {}, "strict": true } }]);
    let choices =
        [json!({ "type": "function", "name": "clock" }), json!({ "type": "function", "function": { "name": "clock" } })];
    for (tools, choice) in [flat, nested].into_iter().zip(choices) {
        rig.play(|_| vec![text("Let me see."), ended("tool_calls", vec![call("c1"), call("c2")])]);
        let body = json!({ "input": "time?", "tools": tools, "tool_choice": choice });
        let answer = post(rig.at, PATH, &body.to_string()).await.json();
        let first = rig.switchboard.asked.lock().unwrap().pop().unwrap();
        assert_eq!((first.tools.specs.len(), &first.tools.specs[0].name), (1, &"clock".to_owned()));
        assert_eq!(first.tools.choice, Some(ToolChoice::Named("clock".into())));
        let output = answer["output"].as_array().unwrap();
        assert_eq!(
            output.iter().map(|item| item["type"].as_str().unwrap()).collect::<Vec<_>>(),
            ["message", "function_call", "function_call"]
        );
        assert_eq!(
            (&output[1]["call_id"], &output[1]["name"], &output[1]["arguments"]),
            (&json!("c1"), &json!("clock"), &json!("{\"zone\":\"utc\"}"))
        );
        write_down(&rig, &first);

        rig.play(super::rig::echo);
        let result = |id: &str| json!({ "type": "function_call_output", "call_id": id, "output": format!("noon {id}") });
        let rounds = [ToolRound {
            text: "Let me see.".into(),
            calls: ["c1", "c2"].map(|id| (call(id), ToolResult::Done(format!("noon {id}")))).to_vec(),
        }];
        // After the answer by its id, and with everything told again.
        let after = json!({ "input": [result("c2"), result("c1")], "previous_response_id": answer["id"], "tools": tools });
        let mut whole = vec![json!({ "role": "user", "content": "time?" })];
        whole.extend(output.iter().cloned());
        whole.extend([result("c1"), result("c2")]);
        for body in [after, json!({ "input": whole, "tools": tools })] {
            let got = asked(&rig, &body).await;
            assert_eq!((&*got.text, &got.rounds[..], &got.before[..]), ("time?", &rounds[..], &[][..]), "{body}");
        }
        let next = json!({ "input": [result("c1"), result("c2"), { "role": "user", "content": "and now?" }], "previous_response_id": answer["id"] });
        let got = asked(&rig, &next).await;
        let before = [Said::Line { role: Role::User, text: "time?".into() }, Said::Round(rounds[0].clone())];
        assert_eq!((&*got.text, &got.before[..]), ("and now?", &before[..]));
        let unanswered = json!({ "input": "and now?", "previous_response_id": answer["id"] });
        assert_eq!(post(rig.at, PATH, &unanswered.to_string()).await.error(400, "invalid_request")["param"], "input");
    }
    rig.stop().await;
}

#[actix_web::test]
async fn streamed_calls_are_items_of_their_own() {
    let rig = Rig::new().await;
    let body = json!({ "input": "time?", "stream": true, "tools": [{ "type": "function", "name": "clock" }] }).to_string();
    let call_events =
        ["output_item.added", "function_call_arguments.delta", "function_call_arguments.done", "output_item.done"];
    rig.play(|_| vec![ended("tool_calls", vec![call("c1")])]);
    let told = events(&post(rig.at, PATH, &body).await);
    assert_eq!(kinds(&told), [&["created", "in_progress"][..], &call_events, &["completed"]].concat());
    let last = &told.last().unwrap()["response"];
    assert_eq!((&last["output"][0], last["output"].as_array().unwrap().len()), (&told[5]["item"], 1));
    assert_eq!((&told[5]["item"]["arguments"], &told[5]["output_index"]), (&json!("{\"zone\":\"utc\"}"), &json!(0)));
    rig.play(|_| vec![text("so"), ended("tool_calls", vec![call("c1"), call("c2")])]);
    let told = events(&post(rig.at, PATH, &body).await);
    let calls: Vec<_> = told.iter().filter(|event| event["type"] == "response.function_call_arguments.done").collect();
    assert_eq!(calls.iter().map(|event| event["output_index"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2]);
    rig.stop().await;
}
