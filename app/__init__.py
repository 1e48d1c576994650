"""The service: who asks, what is asked, what is drawn. It reads the road's records and facts and judges nothing."""
