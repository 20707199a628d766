// The event that answered a caller's request is found by the request's name; there is one.
CREATE CONSTRAINT event_request IF NOT EXISTS
FOR (e:Event) REQUIRE e.request IS UNIQUE;
