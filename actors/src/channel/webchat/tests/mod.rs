mod accounts;
mod bench;
mod inbound;
mod outbound;
mod target;
