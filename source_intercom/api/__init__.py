"""All that knows HTTP and Intercom's way of speaking it; nothing here knows a stream."""
