"""What the portal's and Studio's pages share: language, sessions, dress, paging, calls of the API for a visitor."""
