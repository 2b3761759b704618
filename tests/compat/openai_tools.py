"""Asks a running gateway with tools, as the unmodified OpenAI client does: python3 openai_tools.py BASE_URL TOKEN.

The agent behind the gateway has to echo, so it calls none of them. Exits 0 when every answer was as the client expects it.
"""

import sys

import openai

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "The weather of a town",
            "parameters": {"type": "object", "properties": {"town": {"type": "string"}}, "required": ["town"]},
        },
    }
]


def main(base_url: str, token: str) -> None:
    client = openai.OpenAI(base_url=base_url + "/v1", api_key=token, max_retries=0)
    question = {"role": "user", "content": "how is the weather"}
    call = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"town":"Ulm"}'}}
    called = [
        question,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "it rains"},
        {"role": "user", "content": "and now"},
    ]

    for messages in [[question], called]:
        for choice in ["auto", "none"]:
            asked = {"model": "callboard", "messages": messages, "tools": TOOLS, "tool_choice": choice}
            answer = client.chat.completions.create(**asked).choices[0]
            assert answer.message.content == messages[-1]["content"], answer
            assert not answer.message.tool_calls and answer.finish_reason == "stop", answer

            text, reasons = "", []
            for chunk in client.chat.completions.create(**asked, stream=True):
                for part in chunk.choices:
                    text += part.delta.content or ""
                    reasons += [part.finish_reason] if part.finish_reason else []
            assert (text, reasons) == (messages[-1]["content"], ["stop"]), (text, reasons)


if __name__ == "__main__":
    main(*sys.argv[1:])
