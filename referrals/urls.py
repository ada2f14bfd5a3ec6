from django.urls import path

from referrals import views

app_name = "referrals"
urlpatterns = [
    path("", views.worklist, name="worklist"),
    path("list/", views.worklist_part, name="worklist-part"),
    path("next/", views.next_steps, name="next-steps"),
    path("new/", views.new, name="new"),
    path("panel/<uuid:patient_id>/", views.panel, name="panel"),
    path("received/", views.received, name="received"),
    path("received/<uuid:referral_id>/", views.received_one, name="received-one"),
    path("<uuid:referral_id>/", views.referral, name="referral"),
    path("<uuid:referral_id>/edit/", views.edit, name="edit"),
    path("<uuid:referral_id>/send/", views.send, name="send"),
    path("<uuid:referral_id>/withdraw/", views.withdraw, name="withdraw"),
]
