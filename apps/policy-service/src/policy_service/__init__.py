"""The policy service: how risky a customer is, and the policies they bought."""
