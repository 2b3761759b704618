use std::time::Duration;

use super::rig::{ADMIN, READ, Rig, operator, visit};
use crate::client::Role;
use crate::client::devices::{DEVICES_MAX, DeviceError, PENDING_MAX, Welcome};

#[tokio::test]
async fn requests_are_bounded_and_those_that_wait_stay() {
    let rig = Rig::new();
    let first = rig.waits("0", Role::Operator, READ).await;
    for number in 1..PENDING_MAX {
        rig.waits(&number.to_string(), Role::Operator, READ).await;
    }
    let full = rig.afar("one more", Role::Operator, READ).await.unwrap_err();
    assert_eq!(full, DeviceError::PendingFull);
    assert_eq!(rig.waits("0", Role::Operator, READ).await, first);
    rig.waits("0", Role::Operator, ADMIN).await;
    rig.clock.advance(Duration::from_secs(300));
    rig.waits("one more", Role::Operator, READ).await;
}

#[tokio::test]
async fn devices_are_bounded_and_those_that_were_asked_about_stay() {
    let rig = Rig::new();
    let request = rig.waits("approved", Role::Operator, READ).await;
    rig.book.approve(&request, &operator(ADMIN)).await.unwrap();
    for number in 1..DEVICES_MAX {
        rig.clock.advance(Duration::from_millis(1));
        rig.at_home(&number.to_string(), Role::Operator, READ).await;
    }
    rig.at_home("one more", Role::Operator, READ).await;
    let list = rig.book.list().await.unwrap();
    assert_eq!(list.paired.len(), DEVICES_MAX);
    let ids: Vec<_> = list.paired.iter().map(|device| device.card.device_id.as_str()).collect();
    assert!(ids.contains(&"approved") && ids.contains(&"one more") && !ids.contains(&"1"));
}

#[tokio::test]
async fn a_book_full_of_approved_devices_takes_no_other_until_one_is_shut_out() {
    let rig = Rig::new();
    for number in 0..DEVICES_MAX {
        let request = rig.waits(&number.to_string(), Role::Operator, READ).await;
        rig.book.approve(&request, &operator(ADMIN)).await.unwrap();
    }
    let full = rig.book.enter(visit("one more", Role::Operator, READ, Welcome::Silent)).await.unwrap_err();
    assert_eq!(full, DeviceError::DevicesFull);
    let request = rig.waits("one more", Role::Operator, READ).await;
    assert_eq!(rig.book.approve(&request, &operator(ADMIN)).await.unwrap_err(), DeviceError::DevicesFull);
    rig.book.revoke("7", Role::Operator, &operator(ADMIN)).await.unwrap();
    rig.book.approve(&request, &operator(ADMIN)).await.unwrap();
    assert!(rig.book.list().await.unwrap().paired.iter().all(|device| device.card.device_id != "7"));
}
