//! The variants of single answers and habits, an enum each: the columns "default answer" and "variants to
//! offer" of sare-api.md 15, and the open questions of 16.

use serde::{Deserialize, Serialize};

macro_rules! variants {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_doc])* $variant,)+ }
    )+};
}

variants! {
    /// Answer to a missing or wrong key, or a foreign UID.
    AuthRefused {
        /// HTTP 401 with `code` 401.
        #[default]
        Unauthorized,
        /// HTTP 403 with `code` 403.
        Forbidden,
        /// HTTP 200 with `code` 401.
        CodeOnly,
        /// HTTP 401 with a page of HTML.
        Html,
    }
    /// Answer to a request with too many items.
    TooMany {
        /// HTTP 413.
        #[default]
        PayloadTooLarge,
        /// HTTP 400.
        BadRequest,
    }
    /// Answer to requests beyond the rate limit.
    Overload {
        /// HTTP 429 with `Retry-After`.
        #[default]
        TooManyRequests,
        /// HTTP 503.
        Unavailable,
        /// No answer within any sensible time.
        TimeOut,
        /// HTTP 200 with a page of HTML.
        Html,
    }
    /// Answer to adding a contact beyond the account's limit.
    AddressLimitAnswer {
        /// An entry in `response.error`.
        #[default]
        Item,
        /// HTTP 400 for the whole call, nothing done.
        WholeCall,
        /// HTTP 402 for the whole call, nothing done and nothing said.
        Payment,
        /// HTTP 403 for the whole call, nothing done and nothing said.
        Forbidden,
    }
    /// Shape of `GET /group/list`.
    GroupListShape {
        /// `[{"id":1,"name":"…"}]`
        #[default]
        List,
        /// The same with ids as strings.
        IdsAsStrings,
        /// The same with further members.
        ExtraMembers,
        /// The list inside `response.data`.
        InData,
        /// An empty list.
        Empty,
    }
    /// Shape of `GET /email/props`.
    PropsShape {
        /// `[{"id":"prop1","name":"C1","type":"text"}]`
        #[default]
        List,
        /// `{"prop1":"C1","miasto":"miasto"}`
        Labels,
        /// `{"prop":{"prop1":"C1"},"prop_cust":{"miasto":"miasto"}}`
        Split,
        /// `["prop1","miasto"]`
        Names,
    }
    /// Answer to `POST /email/add` with an empty list.
    EmptyAdd {
        /// HTTP 400 with the envelope.
        #[default]
        BadRequest,
        /// HTTP 200 with `code` 400.
        CodeOnly,
    }
    /// Answer to `POST /email/add` when every item is good.
    AddSuccess {
        /// `{"success":[{"email":"…"}],"error":[]}`
        #[default]
        SuccessAndError,
        /// The same without `error`.
        NoError,
        /// A list of `{"email":"…"}`.
        List,
        /// The number of contacts.
        Number,
    }
    /// Answer to `POST /email/add` when some item is bad.
    AddErrors {
        /// HTTP 200 and entries `{"email":"…","why":"…"}`.
        #[default]
        EmailAndWhy,
        /// HTTP 200 and entries `{"why":"…"}`.
        WhyOnly,
        /// HTTP 400 for the whole call, nothing done.
        WholeCall,
        /// HTTP 207 and entries `{"email":"…","why":"…"}`.
        MultiStatus,
    }
    /// Verdict on an existing contact when no update flag is set.
    Duplicate {
        /// Data and status unchanged, listed as success.
        #[default]
        Success,
        /// Unchanged, listed in `error`.
        Error,
    }
    /// Verdict on a blocked contact.
    BlockedAnswer {
        /// Unchanged, listed in `error`.
        #[default]
        Error,
        /// Unchanged, listed as success.
        Silent,
    }
    /// Shape of a contact record.
    ContactShape {
        /// An object that mirrors the add body.
        #[default]
        Object,
        /// The same with numbers as strings.
        NumbersAsStrings,
        /// A list of that one object.
        OneItemList,
        /// The object without `groups`.
        NoGroups,
    }
    /// Answer to a read of an address that is not in the account.
    MissingContact {
        /// HTTP 404 with the envelope.
        #[default]
        NotFound,
        /// HTTP 400 with the envelope.
        BadRequest,
        /// HTTP 200 with an empty list for `response`.
        Empty,
    }
    /// Form in which the "by list" calls accept their addresses.
    LookupForm {
        /// `{"email":"…"}`
        #[default]
        Objects,
        /// Plain strings.
        Plain,
        /// Either.
        Both,
    }
    /// Shape of the list in the answers of the "by list" calls.
    ListShape {
        /// `{"data":[…]}`
        #[default]
        Data,
        /// `[…]`
        Bare,
        /// An object from address to status, or to record.
        Map,
    }
    /// Form of a status in answers.
    StatusForm {
        /// `8`
        #[default]
        Number,
        /// `"8"`
        Digits,
        /// The panel's Polish name.
        Polish,
        /// The panel's English name.
        English,
    }
    /// Whether the "by list" calls name unknown addresses.
    UnknownInList {
        /// They are left out.
        #[default]
        Absent,
        /// They are there with `null`.
        Null,
    }
    /// Shape of `GET /group/emails/{group}/{page}`.
    GroupEmailsShape {
        /// `{"data":[{"email":"…"}]}`
        #[default]
        Data,
        /// A list of strings.
        Strings,
    }
    /// Answer to a page behind the last one.
    PastLastPage {
        /// An empty list.
        #[default]
        Empty,
        /// HTTP 404.
        Error,
    }
    /// Shape of the answer of `POST /group/add_emails` and `/group/remove_emails`.
    GroupChangeShape {
        /// `{"error":[]}`
        #[default]
        ErrorList,
        /// `true`
        True,
    }
    /// How answers write an address whose domain has letters beyond ASCII.
    DomainForm {
        /// As it was added.
        #[default]
        AsAdded,
        /// In its ASCII form, `xn--…`.
        Ascii,
        /// In letters.
        Letters,
    }
    /// What happens to an update with a status that may not be set.
    RefusedStatus {
        /// The status stays, the item counts as good.
        #[default]
        Ignored,
        /// The item is refused.
        Error,
    }
    /// What an empty text or `null` does to a property that has a value.
    EmptyValue {
        /// It clears it.
        #[default]
        Clears,
        /// It does nothing.
        Ignored,
        /// The item is refused.
        Refused,
    }
    /// What a part does that SARE does not take.
    Reject {
        /// The whole contact is refused.
        #[default]
        Contact,
        /// Only that value is left out.
        Value,
        /// Nothing: it is stored all the same.
        Ignored,
    }
    /// What the API makes of a contact forgotten under the GDPR.
    Forgotten {
        /// Reads give its status and nothing else; writes are refused.
        #[default]
        Status,
        /// The address is unknown; adding it makes a new contact.
        Missing,
    }
}
