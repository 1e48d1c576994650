"""What people do about their own account: password, sessions, and when somebody signed in as them."""
